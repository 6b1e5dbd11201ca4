"""Common names of the fields of a CRM: headers of files, in several languages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from aiotwenty.bulk.fields import FieldPath, Shape, ToOneRelation, squeeze
from aiotwenty.bulk.source import InputError
from aiotwenty.bulk.transforms import composite_kind
from aiotwenty.graphql.advice import near

_PARTS: dict[str, str] = {
    "name.firstName": "first name, given name, forename, vorname, prénom, nombre, nome, voornaam",
    "name.lastName": "last name, surname, family name, nachname, familienname, nom, apellido, apellidos, cognome",
    "address.addressStreet1": "street, street 1, street address, address 1, address line 1, straße, rue, calle",
    "address.addressStreet2": "street 2, address 2, address line 2",
    "address.addressCity": "city, town, stadt, ort, ville, ciudad, città, plaats",
    "address.addressState": "state, province, region, state province, state region, bundesland, provincia",
    "address.addressPostcode": "zip, zip code, postcode, postal code, zip postal code, plz, postleitzahl, code postal",
    "address.addressCountry": "country, country region, land, pays, país, paese",
}
_FIELDS: dict[str, str] = {
    "emails": "email, e-mail, mail, email address, e-mail address, primary email, work email, e-mail-adresse, "
    "courriel, adresse e-mail, correo, correo electrónico",
    "phones": "phone, phones, mobile, mobile phone, cell, cell phone, telephone, tel, phone number, work phone, "
    "business phone, direct phone, telefon, telefonnummer, handy, mobil, téléphone, portable, teléfono, móvil",
    "name": "full name, contact name, display name, vollständiger name, nom complet, nombre completo",
    "jobTitle": "title, job title, role, job, berufsbezeichnung, funktion, poste, fonction, cargo",
    "linkedinLink": "linkedin, linkedin url, linkedin profile, linkedin link, person linkedin url",
    "domainName": "website, web site, web page, url, homepage, domain, web, webseite, site web, sitio web",
    "employees": "employees, number of employees, employee count, headcount, mitarbeiter",
    "annualRevenue": "revenue, annual revenue, turnover, umsatz, chiffre d'affaires",
    "amount": "value, deal value, deal amount, amount, betrag, montant, importe",
    "closeDate": "close date, closing date, expected close date, abschlussdatum",
    "stage": "deal stage, pipeline stage, phase, étape, etapa",
    "company": "company, account, organization, organisation, employer, firma, unternehmen, entreprise, empresa",
    "accountOwner": "owner, account owner, company owner, owner email",
    "owner": "owner, deal owner, opportunity owner, owner email",
    "pointOfContact": "contact, contact person, primary contact, ansprechpartner",
    "userEmail": "email, e-mail, mail, email address",
}
_OF_COMPANIES = ("company", "account", "organization", "organisation", "business", "firma", "unternehmen")
_COMPANY_NAMES = "firmenname, unternehmensname, raison sociale, razón social, ragione sociale, bedrijfsnaam"
_OF_DEALS = ("deal", "opportunity", "opportunity title")


@cache
def _squeezed(names: str) -> list[str]:
    return [squeeze(name) for name in names.split(",")]


_BY_NAME: dict[str, list[str]] = {}
for _path, _names in (*_PARTS.items(), *_FIELDS.items()):
    for _name in _squeezed(_names):
        _BY_NAME.setdefault(_name, []).append(_path)


def called(shape: Shape, name: str, labels: Mapping[str, str]) -> FieldPath | None:
    """The field that people call `name`: by the workspace's labels (label to field, squeezed), by common names of
    fields, or through a relation (`Company name` of a person).
    """
    squeezed = squeeze(name)
    if not squeezed:
        return None
    path = labels.get(squeezed)
    if path is not None and (target := _target(shape, path)):
        return target
    paths = [path for path in dict.fromkeys(_BY_NAME.get(squeezed, ())) if _target(shape, path)]
    if len(paths) == 1:
        return _target(shape, paths[0])
    if "name" in shape.targets and squeezed in _own_names(shape.type_name):
        return shape.targets["name"]
    return _through(shape, squeezed)


def likely(shape: Shape, name: str, labels: Mapping[str, str]) -> str:
    """A suggestion for a message about a name that may be a misspelt label or common name."""
    known = {alias: path for alias, paths in _BY_NAME.items() for path in paths if _target(shape, path)}
    known |= {label: path for label, path in labels.items() if _target(shape, path)}
    return "".join(f"; did you mean {known[alias]}?" for alias in near(squeeze(name), known, cutoff=0.85))


def _own_names(type_name: str) -> set[str]:
    words = {"Company": _OF_COMPANIES, "Opportunity": _OF_DEALS}.get(type_name, ())
    names = {squeeze(type_name) + "name"}
    if type_name == "Company":
        names.update(_squeezed(_COMPANY_NAMES))
    return names | {f"{word}{end}" for word in words for end in ("name", "title")} | set(words)


def _target(shape: Shape, path: str) -> FieldPath | None:
    if path in shape.targets:
        return shape.targets[path]
    if path in shape.relations:
        return by_name_or_unique(shape, shape.relations[path])
    return None


def by_name_or_unique(shape: Shape, relation: ToOneRelation, *, by_name: bool = False) -> FieldPath | None:
    """The other record's unique field, or its name if it has none or names are meant."""
    other = shape.related(relation.type_name)
    for path in (*(() if by_name or len(other.unique) != 1 else other.unique), "name"):
        if path in other.targets:
            target = other.targets[path]
            return FieldPath(target.path, target.kind, relation)
    return None


def _through(shape: Shape, squeezed: str) -> FieldPath | None:
    """The target of `Company name` or `Account owner email`: a relation, and a field of the other record."""
    for relation in shape.relations.values():
        begins = {squeeze(relation.name), *_squeezed(_FIELDS.get(relation.name, ""))} - {""}
        for begin in sorted(begins, key=len, reverse=True):
            rest = squeezed.removeprefix(begin)
            if not rest or rest == squeezed:
                continue
            other = shape.related(relation.type_name)
            try:
                target = other.find(rest)
            except InputError:
                target = None
            target = target or called(other, rest, {})
            if target is None:
                continue
            if target.relation or (
                target.kind == "composite" and composite_kind(other.composites[target.path[0]]) == "currency"
            ):
                continue
            return other.behind(relation, target)
    return None
