"""Two CSV files like the exports of other CRMs: with empty cells, and the same bytes for the same seed."""

from __future__ import annotations

import csv
import random
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

COMPANY_COLUMNS = ("Name", "Website", "Street", "City", "Country", "LinkedIn", "Annual revenue")
PERSON_COLUMNS = ("First name", "Last name", "Email", "Job title", "LinkedIn", "Company website")


class Place(NamedTuple):
    """Where companies and people of the demo come from."""

    country: str
    cities: tuple[str, ...]
    streets: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    legal_forms: tuple[str, ...]


_PLACES = (
    Place("Germany", ("Berlin", "München", "Köln"), ("Hauptstraße", "Am Weiher"),
          ("Jürgen", "Anneliese", "Sören"), ("Müller", "Groß", "Köhler"), ("GmbH", "AG")),
    Place("France", ("Lyon", "Saint-Étienne"), ("rue de l'Église", "avenue Foch"),
          ("Élodie", "François", "Noémie"), ("Lefèvre", "Garçon", "D'Août"), ("SARL", "SA")),
    Place("Japan", ("東京", "大阪", "札幌"), ("中央通り", "本町"),
          ("さくら", "健太", "美咲"), ("佐藤", "鈴木", "髙橋"), ("株式会社", "合同会社")),
    Place("Greece", ("Αθήνα", "Πάτρα"), ("Οδός Ερμού", "Λεωφόρος Αλεξάνδρας"),
          ("Ελένη", "Γιώργος"), ("Παπαδόπουλος", "Ζαχαρίου"), ("Α.Ε.", "Ε.Π.Ε.")),
    Place("Ukraine", ("Київ", "Львів"), ("вулиця Хрещатик", "площа Ринок"),
          ("Олена", "Тарас"), ("Шевченко", "Коваленко"), ("ТОВ", "ПрАТ")),
    Place("Israel", ("תל אביב", "חיפה"), ("רחוב הרצל", "דרך בגין"),
          ("נועה", "איתן"), ("כהן", "לוי"), ("בע״מ",)),
    Place("United States", ("Austin", "Portland", "Boise"), ("Main Street", '2nd Ave "North"'),
          ("Ada", "Grace", "Linus"), ("O'Neil", "Smith, Jr.", "Nguyen"), ("Inc.", "LLC")),
    Place("Brazil", ("São Paulo", "Belém"), ("Rua das Flores", "Avenida Atlântica"),
          ("João", "Conceição"), ("Gonçalves", "Araújo"), ("Ltda.", "S.A.")),
)  # fmt: skip
_TRADES = ("Optics", "Logistics", "Foods", "Robotics", "Textiles", "Energy", "Press", "Software", "Bikes", "Ceramics")
_ROOTS = ("Nord", "Alta", "Kumo", "Helio", "Terra", "Vera", "Blau", "Lumen", "Orbit", "Salix", "Quill", "Pico")
_JOBS = ("Buyer", "CTO", "Head of Sales", "Ingénieure", "エンジニア", "Accountant", "")


def write_csv(folder: Path, companies: int, people: int, seed: int = 20) -> tuple[Path, Path]:
    """Write `companies.csv` and `people.csv` with that many rows and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    company_rows = list(_companies(rng, companies))
    paths = folder / "companies.csv", folder / "people.csv"
    _write(paths[0], COMPANY_COLUMNS, company_rows)
    _write(paths[1], PERSON_COLUMNS, _people(rng, people, [row[1] for row in company_rows]))
    return paths


def _write(path: Path, columns: tuple[str, ...], rows: Iterator[tuple[str, ...]] | list[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def _companies(rng: random.Random, count: int) -> Iterator[tuple[str, ...]]:
    for number in range(count):
        place = rng.choice(_PLACES)
        root, trade = rng.choice(_ROOTS), rng.choice(_TRADES)
        domain = f"{root}-{trade}-{number}.example".lower()
        yield (
            f"{root} {trade} {rng.choice(place.legal_forms)}",
            f"https://{domain}",
            f"{rng.choice(place.streets)} {rng.randint(1, 180)}" if rng.random() < 0.8 else "",
            rng.choice(place.cities),
            place.country if rng.random() < 0.9 else "",
            f"https://www.linkedin.com/company/{root}-{number}".lower() if rng.random() < 0.5 else "",
            str(rng.randint(50, 90_000) * 1000) if rng.random() < 0.6 else "",
        )


def _people(rng: random.Random, count: int, websites: list[str]) -> Iterator[tuple[str, ...]]:
    for number in range(count):
        place = rng.choice(_PLACES)
        first, last = rng.choice(place.first_names), rng.choice(place.last_names)
        mailbox = _ascii(f"{first}.{last}") or "contact"
        yield (
            first if rng.random() < 0.97 else "",
            last,
            f"{mailbox}.{number}@mail.example",
            rng.choice(_JOBS),
            f"https://www.linkedin.com/in/{mailbox}-{number}" if rng.random() < 0.4 else "",
            rng.choice(websites) if rng.random() < 0.95 else "",
        )


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in plain if letter.isalnum() or letter == ".").strip(".")
