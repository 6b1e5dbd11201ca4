"""Telephone numbers as Twenty stores them: the national number, its country and the country's calling code."""

from __future__ import annotations

import re
from typing import Any

from aiotwenty.sandbox.errors import RecordError, invalid_phone

# The first country of a calling code is the one that a bare number with that code is taken to come from.
_COUNTRIES = """
1 US CA AG AI AS BB BM BS DM DO GD GU JM KN KY LC MP MS PR SX TC TT VC VG VI;7 RU KZ;20 EG;27 ZA;30 GR;31 NL;32 BE;
33 FR;34 ES;36 HU;39 IT VA;40 RO;41 CH;43 AT;44 GB GG IM JE;45 DK;46 SE;47 NO SJ;48 PL;49 DE;51 PE;52 MX;53 CU;54 AR;
55 BR;56 CL;57 CO;58 VE;60 MY;61 AU CC CX;62 ID;63 PH;64 NZ;65 SG;66 TH;81 JP;82 KR;84 VN;86 CN;90 TR;91 IN;92 PK;
93 AF;94 LK;95 MM;98 IR;211 SS;212 MA EH;213 DZ;216 TN;218 LY;220 GM;221 SN;222 MR;223 ML;224 GN;225 CI;226 BF;227 NE;
228 TG;229 BJ;230 MU;231 LR;232 SL;233 GH;234 NG;235 TD;236 CF;237 CM;238 CV;239 ST;240 GQ;241 GA;242 CG;243 CD;
244 AO;245 GW;246 IO;247 AC;248 SC;249 SD;250 RW;251 ET;252 SO;253 DJ;254 KE;255 TZ;256 UG;257 BI;258 MZ;260 ZM;
261 MG;262 RE YT;263 ZW;264 NA;265 MW;266 LS;267 BW;268 SZ;269 KM;290 SH TA;291 ER;297 AW;298 FO;299 GL;350 GI;351 PT;
352 LU;353 IE;354 IS;355 AL;356 MT;357 CY;358 FI AX;359 BG;370 LT;371 LV;372 EE;373 MD;374 AM;375 BY;376 AD;377 MC;
378 SM;380 UA;381 RS;382 ME;383 XK;385 HR;386 SI;387 BA;389 MK;420 CZ;421 SK;423 LI;500 FK;501 BZ;502 GT;503 SV;
504 HN;505 NI;506 CR;507 PA;508 PM;509 HT;590 GP BL MF;591 BO;592 GY;593 EC;594 GF;595 PY;596 MQ;597 SR;598 UY;
599 CW BQ;670 TL;672 NF;673 BN;674 NR;675 PG;676 TO;677 SB;678 VU;679 FJ;680 PW;681 WF;682 CK;683 NU;685 WS;686 KI;
687 NC;688 TV;689 PF;690 TK;691 FM;692 MH;850 KP;852 HK;853 MO;855 KH;856 LA;880 BD;886 TW;960 MV;961 LB;962 JO;
963 SY;964 IQ;965 KW;966 SA;967 YE;968 OM;970 PS;971 AE;972 IL;973 BH;974 QA;975 BT;976 MN;977 NP;992 TJ;993 TM;
994 AZ;995 GE;996 KG;998 UZ
"""
_FIRST_COUNTRY: dict[str, str] = {}
_CALLING_CODES: dict[str, str] = {}
for _entry in _COUNTRIES.split(";"):
    _code, *_names = _entry.split()
    _FIRST_COUNTRY[_code] = _names[0]
    _CALLING_CODES.update(dict.fromkeys(_names, _code))

_PRIMARY = ("primaryPhoneNumber", "primaryPhoneCountryCode", "primaryPhoneCallingCode")
_PUNCTUATION = re.compile(r"[\s().\-/]")
_NATIONAL = re.compile(r"\d{2,15}")


def completed(phone: dict[str, Any]) -> dict[str, Any]:
    """The primary number of a PHONES value with what follows from it filled in."""
    made = _inferred(*(phone.get(name) for name in _PRIMARY))
    given = {name: value for name, value in zip(_PRIMARY, made, strict=True) if value is not None}
    return {**phone, **given}


def completed_more(phone: dict[str, Any]) -> dict[str, Any]:
    """The same for an additional number."""
    number, country, code = _inferred(phone.get("number"), phone.get("countryCode"), phone.get("callingCode"))
    made = {"countryCode": country, "callingCode": code, "number": number}
    return {name: value for name, value in made.items() if value is not None}


def _inferred(number: Any, country: Any, code: Any) -> tuple[Any, Any, Any]:
    """An international number (`+33612345678`) is split; a country gives the calling code. One of these is needed."""
    if country and country not in _CALLING_CODES:
        raise RecordError(
            f"Invalid country code {country}",
            sub_code="INVALID_PHONE_COUNTRY_CODE",
            friendly=f"Invalid country code {country}",
        )
    if code and str(code).lstrip("+") not in _FIRST_COUNTRY:
        raise RecordError(
            f"Invalid calling code {code}",
            sub_code="INVALID_PHONE_CALLING_CODE",
            friendly=f"Invalid calling code {code}",
        )
    if not number or not isinstance(number, str):
        return number, country, code
    digits = _PUNCTUATION.sub("", number)
    found = _split(digits) if digits.startswith("+") else None
    if found is not None:
        code, digits = found
    code = code or (country and _CALLING_CODES[country])
    if not code or not _NATIONAL.fullmatch(digits):
        raise invalid_phone(number)
    plain = str(code).lstrip("+")
    return digits, country or _FIRST_COUNTRY[plain], f"+{plain}"


def _split(international: str) -> tuple[str, str] | None:
    for length in (3, 2, 1):
        if (code := international[1 : 1 + length]) in _FIRST_COUNTRY:
            return code, international[1 + length :]
    return None
