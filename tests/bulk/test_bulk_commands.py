"""The commands for bulk work, as they are typed."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from aiotwenty.bulk.catalogue import GeneratedCatalogue
from aiotwenty.bulk.mapping import Mapper
from aiotwenty.bulk.presets import preset_names, read_preset
from aiotwenty.cli.app import run
from aiotwenty.cli.option_values import mapping_of
from aiotwenty.sandbox import Sandbox
from tests.support.recorded import CASES


@pytest.fixture(autouse=True)
def workspace(twenty_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sandbox:
    monkeypatch.setenv("TWENTY_API_URL", twenty_sandbox.url)
    monkeypatch.setenv("TWENTY_API_KEY", twenty_sandbox.api_key)
    monkeypatch.chdir(tmp_path)
    return twenty_sandbox


def rows(path: str, count: int, bad: int | None = None) -> None:
    lines = [f"p{i}@example.com,{'abc' if i == bad else ''}" for i in range(count)]
    Path(path).write_text("Mail,phone\n" + "\n".join(lines) + "\n")


LOAD = ["load", "people", "people.csv", "--map", "Mail=emails.primaryEmail:lower", "--key", "Mail", "--journal", "l.db"]


def test_load_tells_what_it_did_and_export_gives_it_back(capsys: pytest.CaptureFixture[str]) -> None:
    rows("people.csv", 300)
    assert run(LOAD) == 0
    assert "300 of 300 rows loaded, 0 rejected" in capsys.readouterr().out
    assert run(LOAD) == 0
    assert "300 were loaded before" in capsys.readouterr().out
    assert run(["export", "people", "out.csv", "--field", "emails.primaryEmail"]) == 0
    assert len(Path("out.csv").read_text().splitlines()) == 301


def test_rejects_give_exit_code_4_and_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    rows("people.csv", 300, bad=7)
    assert run([*LOAD, "--rejects", "bad.csv"]) == 4
    assert "row 8 (line 9): INVALID_PHONE_NUMBER" in capsys.readouterr().out
    Path("bad.csv").write_text(Path("bad.csv").read_text().replace("abc", ""))
    assert run(["load", "people", "bad.csv", *LOAD[3:]]) == 0


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    rows("people.csv", 10, bad=7)
    assert run([*LOAD, "--json"]) == 4
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (report["received"], report["loaded"], report["rejected"]) == (10, 9, 1)


def test_bad_input_is_one_line_and_nothing_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    rows("people.csv", 3)
    Path("odd.csv").write_text("Mail,Shoe size\na@b.example,44\n")
    assert run(["load", "people", "odd.csv"]) == 2
    error = capsys.readouterr().err
    assert "Error: odd.csv: column 'Shoe size'" in error
    assert run(["load", "planets", "people.csv"]) == 2
    assert "no object 'planets'" in capsys.readouterr().err
    assert run(["load", "people", "people.csv", "--map", "Mail"]) == 2


@pytest.mark.parametrize(
    "command",
    [
        ["delete", "companies"],
        ["update", "companies", "--data", '{"employees":1}'],
        ["export", "companies", "out.csv"],
    ],
    ids=lambda command: command[0],
)
def test_a_filter_through_a_list_of_records_is_one_line_and_says_what_to_do(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, "--filter", '{"and":[{"people":{"jobTitle":{"eq":"CEO"}}}]}']) == 2
    error = capsys.readouterr().err
    assert "filter: and[0].people: the server filters by no to-many relation: filter people by companyId" in error
    assert not Path("out.csv").exists()


def test_update_and_delete_by_file_and_filter(capsys: pytest.CaptureFixture[str]) -> None:
    rows("people.csv", 50)
    assert run(LOAD) == 0
    Path("jobs.csv").write_text("email,jobTitle\np1@example.com,CEO\nnobody@example.com,CTO\n")
    assert run(["update", "people", "jobs.csv", "--key", "email"]) == 4
    assert "NOT_FOUND" in capsys.readouterr().out
    assert run(["update", "people", "--filter", '{"jobTitle":{"eq":"CEO"}}', "--data", '{"jobTitle":"Boss"}']) == 0
    assert run(["delete", "people", "--filter", "{}"]) == 2
    assert ": add a condition, or use --all-records." in capsys.readouterr().err
    assert run(["delete", "people", "--filter", '{"jobTitle":{"eq":"Boss"}}']) == 0
    assert "1 of 1 row deleted" in capsys.readouterr().out
    assert run(["destroy", "people", "--all-records", "--dry-run"]) == 0
    assert run(["destroy", "people", "--all-records", "--yes"]) == 0


def test_replace_makes_the_part_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    Path("companies.csv").write_text("Website,label,name\nhttps://c.example,C,Cork\n")
    labelled = ["--map", "label=domainName.primaryLinkLabel", "--key", "Website"]
    assert run(["load", "companies", "companies.csv", *labelled]) == 0
    Path("urls.csv").write_text("Website,City\nhttps://c.example,Cork\n")

    def label() -> str:
        assert run(["export", "companies", "out.jsonl", "--force"]) == 0
        return str(json.loads(Path("out.jsonl").read_text())["domainName"]["primaryLinkLabel"])

    assert run(["load", "companies", "urls.csv", "--key", "Website", "--upsert"]) == 0
    assert label() == "C"
    assert run(["load", "companies", "urls.csv", "--key", "Website", "--upsert", "--replace", "domainName"]) == 0
    assert label() == ""
    assert run(["update", "companies", "companies.csv", *labelled, "--replace", "domainName"]) == 0
    assert label() == "C"
    data = ["--data", '{"domainName": {"primaryLinkUrl": "https://d.example"}}', "--replace", "domainName"]
    assert run(["update", "companies", "--filter", '{"name": {"eq": "Cork"}}', *data]) == 0
    assert label() == ""
    assert run(["load", "companies", "urls.csv", "--replace", "domainName"]) == 2
    assert "--replace: only with --upsert" in capsys.readouterr().err


def test_a_workspace_goes_out_and_compares_equal(capsys: pytest.CaptureFixture[str]) -> None:
    rows("people.csv", 20)
    assert run(LOAD) == 0
    assert run(["export", "--all", "out", "--journal", "e.db"]) == 0
    assert "0 records in attachments.jsonl, " in capsys.readouterr().out
    assert run(["compare", "out"]) == 0
    assert "people: 20 the same" in capsys.readouterr().out
    assert run(["delete", "people", "--all-records"]) == 0
    assert run(["compare", "out"]) == 4
    assert run(["load", "--all", "out"]) == 0
    capsys.readouterr()
    assert run(["compare", "out"]) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT")
def test_control_c_finishes_what_is_in_flight_and_says_how_to_go_on(workspace: Sandbox) -> None:
    rows("people.csv", 5000)
    workspace.faults.add("latency=0.4:operation=createPeople")
    command = [sys.executable, "-c", "from aiotwenty.cli import main; main()", *LOAD]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    journal = Path("l.db-wal")
    deadline = time.monotonic() + 120
    while (not journal.exists() or journal.stat().st_size < 70_000) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "run the same command again: l.db stores the progress" in error
    workspace.faults.clear()
    assert run(LOAD) == 0


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("load --plan p.toml --upsert --map a=b", "--map, --upsert: belongs in the plan"),
        ("load --plan p.toml --rejects r.csv", "--rejects: belongs in the plan"),
        ("load --all out --dry-run", "--dry-run: not with --all"),
        ("load people", "pass OBJECT and SOURCE"),
        ("update people people.csv --filter {}", "--filter: only with --data"),
        ("update people --data {} --filter {} --journal l.db", "--journal: only with SOURCE"),
        ("delete people --filter {} --key email", "--key: only with SOURCE"),
        ("delete people people.csv --all-records", "pass ids, SOURCE, --filter"),
        ("export --all out --field name --deleted", "--field, --deleted: not with --all"),
        ("export people out.csv --format csv", "--format: only with --all"),
        ("export people out.csv --filter name", "'name' is neither JSON"),
        ("load people people.csv --map name", "'name' is not COLUMN=FIELD"),
    ],
)
def test_options_that_would_be_ignored_are_refused(
    command: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command.split()) == 2
    assert problem in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_report_says_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    rows("people.csv", 3, bad=1)
    assert run([*LOAD, "--dry-run"]) == 0
    assert "3 rows checked, 0 rejected; nothing was changed" in capsys.readouterr().out
    assert run([*LOAD, "--rejects", "bad.csv"]) == 4
    assert "The rejected rows are in bad.csv: correct them, and load that file" in capsys.readouterr().out
    Path("p.csv").write_bytes("Adresse;Rôle\np0@example.com;Chef\n".encode("cp1252"))
    columns = ["--map", "Adresse=emails.primaryEmail", "--key", "Adresse", "--encoding", "cp1252"]
    assert run(["update", "people", "p.csv", *columns, "--map", "Rôle=jobTitle"]) == 0
    assert "1 of 1 row updated, 0 rejected" in capsys.readouterr().out
    assert run(["delete", "people", "p.csv", *columns]) == 0
    assert "1 of 1 row deleted, 0 rejected; 2 requests" in capsys.readouterr().out
    assert run(["destroy", "people", "p.csv", *columns, "--yes", "--json"]) == 0
    assert run(["delete", "people", "p.csv", *columns, "--json"]) == 4
    (reject,) = json.loads(capsys.readouterr().out.splitlines()[-1])["rejects"]
    assert (reject["row"], reject["line"], reject["code"]) == (1, 2, "NOT_FOUND")


def test_a_load_that_breaks_off_says_how_to_go_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows("people.csv", 10)
    assert run(LOAD) == 0
    assert sorted(path.name for path in Path().iterdir()) == ["l.db", "people.csv"]
    monkeypatch.setenv("TWENTY_API_KEY", "revoked")
    assert run(LOAD) == 3
    assert "To resume, run the same command again: l.db stores the progress." in capsys.readouterr().err


def test_columns_with_an_equals_sign_and_transforms_with_arguments_are_mapped() -> None:
    given = ["A=B=name", 'When=closeDate:date("%d.%m.%Y", "%Y-%m-%d")', "Stage=stage:lookup(Won=CUSTOMER)", "X="]
    assert mapping_of([*given, "Email=emails", "Email=company.domainName:domain"]) == {
        "A=B": "name",
        "When": ("closeDate", 'date("%d.%m.%Y", "%Y-%m-%d")'),
        "Stage": ("stage", "lookup(Won=CUSTOMER)"),
        "X": None,
        "Email": [("emails",), ("company.domainName", "domain")],
    }


def test_a_dry_run_prints_the_mapping_to_keep_and_the_first_values(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_text("Firma;Umsatz;Webseite\nNordwind;1.234,56 €;nordwind.example\n")
    assert run(["load", "companies", "a.csv", "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "delimiter ';'" in told
    assert "1234560000" in told
    mapping = told[told.index("a preset:") :].partition("\n")[2]
    assert tomllib.loads(mapping) == {
        "Firma": "name",
        "Umsatz": ["annualRevenue", "money"],
        "Webseite": "domainName",
    }
    plan = f'[[load]]\nobject = "companies"\nsource = "a.csv"\n[load.mapping]\n{mapping}'
    Path("plan.toml").write_text(plan)
    assert run(["load", "--plan", "plan.toml"]) == 0


def test_a_preset_is_shown_kept_and_changed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["load", "people", "--preset", "hubspot", "--show"]) == 0
    shown = capsys.readouterr().out
    assert list(tomllib.loads(shown)) == ["people"]
    assert run(["load", "--preset", "hubspot", "--show"]) == 0
    assert list(tomllib.loads(capsys.readouterr().out)) == ["people", "companies", "opportunities"]
    Path("mine.toml").write_text(shown.replace('"Job Title" = "jobTitle"', '"Job Title" = false'))
    source = str(CASES / "hubspot_contacts.csv")
    assert run(["load", "people", source, "--preset", "mine.toml", "--create-missing", "--dry-run"]) == 0
    assert "'Job Title'" in capsys.readouterr().out
    assert run(["load", "people", source, "--preset", "hubspott"]) == 2
    assert "did you mean 'hubspot'" in capsys.readouterr().err


def flat(spec: Any) -> list[str]:
    return [spec] if not isinstance(spec, list) else spec


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_names_fields_and_transforms_that_there_are(name: str) -> None:
    catalogue = GeneratedCatalogue("aiotwenty.core")
    types = {"people": "Person", "companies": "Company", "opportunities": "Opportunity"}
    for plural, entries in read_preset(name).objects.items():
        # Fields that some workspaces have: those of older servers, or of the sample data.
        mapping = {
            header: spec or None for header, spec in entries.items() if not {"city", "employees"} & {*flat(spec)}
        }
        Mapper(catalogue.shape(types[plural]), mapping, is_text=True)


def test_rows_come_from_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["load", "companies", "-", "--key", "name", "--journal", "l.db"]
    text = "name,City\nNordwind,Bergen\nBeta,Oslo\n"
    shell = [sys.executable, "-m", "aiotwenty", *command]
    done = subprocess.run(shell, input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "standard input: 2 of 2 rows loaded" in done.stdout
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))
    assert run(command) == 0
    assert "2 were loaded before" in capsys.readouterr().out
