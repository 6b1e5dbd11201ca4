"""Transforms turn values of a file into values of a field. Each raises `ValueError` for values it does not accept."""

from __future__ import annotations

from aiotwenty.bulk.transforms.amounts import decimal_comma, micros, money, number
from aiotwenty.bulk.transforms.base import Chain, ColumnTransform, FieldFacts, Several, Transform, composite_kind
from aiotwenty.bulk.transforms.calls import named_transform, spelling, transform_of
from aiotwenty.bulk.transforms.choices import boolean, country, lookup, option
from aiotwenty.bulk.transforms.contacts import PhoneNumber, domain, email, first_and_rest, full_name, phone
from aiotwenty.bulk.transforms.plain import lower, split, text, trim, upper, url
from aiotwenty.bulk.transforms.times import date, epoch, excel_date

__all__ = [
    "Chain",
    "ColumnTransform",
    "FieldFacts",
    "PhoneNumber",
    "Several",
    "Transform",
    "boolean",
    "composite_kind",
    "country",
    "date",
    "decimal_comma",
    "domain",
    "email",
    "epoch",
    "excel_date",
    "first_and_rest",
    "full_name",
    "lookup",
    "lower",
    "micros",
    "money",
    "named_transform",
    "number",
    "option",
    "phone",
    "spelling",
    "split",
    "text",
    "transform_of",
    "trim",
    "upper",
    "url",
]
