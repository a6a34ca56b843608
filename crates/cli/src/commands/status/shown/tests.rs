use serde_json::{Value, json};

use super::*;
use crate::console::Stream;

fn status() -> Status {
    let execution = |name: &str, more: Value| {
        let mut of = json!({ "workflow": "export-table", "name": name, "executionArn": "a",
            "startedAt": "2026-12-01T14:16:10Z", "tables": ["orders"], "problem": null });
        of.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        of
    };
    let waiting = json!({ "state": "Wait", "within": [], "since": "2026-12-01T14:28:00Z",
        "doing": { "is": "waiting", "until": "2026-12-01T14:32:10Z" } });
    let machine = |workflow: &str, executions: Value, problem: Option<&str>| json!({ "workflow": workflow, "stateMachineArn": "m", "executions": executions, "problem": problem });
    let counts = json!({ "running": 4, "succeeded": 12, "failed": 2, "timedOut": 0, "aborted": 1, "isAtLeast": false });
    let failed = |name: &str, status: &str, more: Value| {
        let mut of =
            execution(name, json!({ "status": status, "endedAt": "2026-12-01T14:20:00Z", "failure": null }));
        of.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        of
    };
    let failure = json!({ "failure": { "Error": "ExportFailed", "Cause": "the table is DELETING" } });
    let status = json!({ "version": 1, "account": "1", "region": "eu-west-1", "readAt": "2026-12-01T14:28:10Z",
        "since": "2026-12-01T00:00:00Z", "calls": {},
        "machines": [machine("export-table", counts, None), machine("replay", Value::Null, Some("it is refused"))],
        "running": [execution("one", json!({ "activities": [waiting], "mayDoMore": false })),
            execution("two", json!({ "tables": null, "activities": null, "mayDoMore": true, "problem": "it is refused" }))],
        "runningLeftOut": 2, "failedLeftOut": 0,
        "failed": [failed("three", "FAILED", failure), failed("four", "ABORTED", json!({})),
            failed("five", "FAILED", json!({ "problem": "it is refused", "tables": null }))] });
    serde_json::from_value(status).unwrap()
}

fn now() -> DateTime<Utc> {
    "2026-12-01T14:28:12Z".parse().unwrap()
}

fn texts(lines: &[Line], width: Option<usize>) -> Vec<String> {
    let console = Console::with_colours(Stream::Stdout, false);
    lines.iter().map(|line| line.styled(&console, width)).collect()
}

#[test]
fn what_runs_comes_first_and_what_is_not_known_is_said() {
    let expected = [
        "14:28:10 UTC in eu-west-1: 4 running; since 00:00:00 UTC, 3 failed and 12 succeeded; 1 state machine not known",
        "",
        "WORKFLOW      TABLE      RUNS FOR  NAME",
        "export-table  orders     12 min    one",
        "    waits in Wait until 14:32:10 UTC (in 3 min)",
        "export-table  not known  12 min    two",
        "    what it does is not known: it is refused",
        "and 2 more",
        "",
        "WORKFLOW      TABLE      ENDED                 NAME",
        "export-table  orders     FAILED 14:20:00 UTC   three",
        "    ExportFailed: the table is DELETING",
        "export-table  orders     ABORTED 14:20:00 UTC  four",
        "export-table  not known  FAILED 14:20:00 UTC   five",
        "    why is not known: it is refused",
        "",
        "NOT KNOWN",
        "replay: it is refused",
        "",
        "SUCCEEDED",
        "export-table 12",
    ];
    assert_eq!(texts(&lines(&status(), now(), None), None), expected);
}

#[test]
fn a_screen_fits_its_terminal() {
    let live = |width: usize| Some(Live { width, note: "refreshed in 5 s; Ctrl-C ends" });
    let all = lines(&status(), now(), live(60));
    let shown = texts(&fitting(all.clone(), 10), Some(60));
    assert_eq!(shown.len(), 9, "{shown:?}");
    assert!(shown.iter().all(|line| line.chars().count() <= 60), "{shown:?}");
    assert_eq!(shown[0], "14:28:10 UTC in eu-west-1: 4 running; since 00:00:00 UTC, 3");
    assert_eq!(shown[2], "refreshed in 5 s; Ctrl-C ends");
    assert_eq!(shown[8], "and 15 more lines, which --once prints");
    assert_eq!(fitting(all.clone(), 50), all);
    assert!(texts(&all, Some(20)).iter().all(|line| line.chars().count() <= 20));
}

#[test]
fn names_of_tables_are_shortened_only_without_room() {
    let row = ["export-table", "a-table-with-quite-a-long-name", "12 min", "by-hand-1"].map(str::to_owned);
    let of = |width| {
        aligned(["WORKFLOW", "TABLE", "RUNS FOR", "NAME"], std::slice::from_ref(&row), width).remove(1)
    };
    assert_eq!(of(None), "export-table  a-table-with-quite-a-long-name  12 min    by-hand-1");
    assert_eq!(of(Some(65)), of(None));
    assert_eq!(of(Some(60)), "export-table  a-table-with-quite-a-lon…  12 min    by-hand-1");
    assert_eq!(of(Some(20)), "export-table  a-table-wit…  12 min    by-hand-1");
}

#[test]
fn colors_are_those_of_the_line() {
    let console = Console::with_colours(Stream::Stdout, true);
    let of = |look: Look| Line::new(look, "failed").styled(&console, Some(4));
    assert_eq!(of(Look::Plain), "fai…");
    assert!(of(Look::Bad).starts_with("\u{1b}[") && of(Look::Bad).contains("fai…"), "{}", of(Look::Bad));
    assert_eq!(Line::new(Look::Heading, "").styled(&console, None), "");
}
