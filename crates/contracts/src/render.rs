//! Renders diagnostics for people and for programs.
//!
//! For people the format is that of rustc: the message, the position, the source line, then what was expected and what
//! was found. For programs it is JSON with the same content.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::document::Document;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();
const PLACE: Style = AnsiColor::Blue.on_default().bold();
const BOLD: Style = Style::new().bold();

/// The longest part of a source line that is shown, in characters.
const WIDEST: usize = 160;

/// Renders a diagnostic as lines for a terminal or a log.
pub fn text(diagnostic: &Diagnostic, document: &Document, colours: bool) -> String {
    let paint = |style: Style, text: &str| match colours {
        true => format!("{style}{text}{style:#}"),
        false => text.to_owned(),
    };
    let place = document.position_of(diagnostic);
    let number = place.line.to_string();
    let margin = " ".repeat(number.len());
    let bar = paint(PLACE, "|");
    let pointer = if diagnostic.pointer.is_empty() { "/" } else { &diagnostic.pointer };

    let style = style(diagnostic.severity);
    let label = paint(style, &format!("{}[{}]", diagnostic.severity, diagnostic.code));
    let mut out = format!("{label}: {}\n", paint(BOLD, &diagnostic.message));
    // Writing to a String does not fail.
    let mut line = |text: String| {
        let _infallible = writeln!(out, "{text}");
    };
    let arrow = paint(PLACE, "-->");
    let part = document.part().map(|part| format!(" of {part}")).unwrap_or_default();
    line(format!("{margin}{arrow} {}:{}:{} at {pointer}{part}", document.file(), place.line, place.column));
    line(format!("{margin} {bar}"));
    let (source, shift) = excerpt(document.line(place.line), place.column);
    line(format!("{} {bar} {source}", paint(PLACE, &number)));
    let room = source.chars().count().saturating_sub(place.column - 1 - shift).max(1);
    let caret = paint(style, &"^".repeat(place.length.min(room)));
    line(format!("{margin} {bar} {}{caret}", " ".repeat(place.column - 1 - shift)));
    let counterexample = diagnostic.counterexample.as_ref().map(Value::to_string);
    for (label, note) in [
        ("expected", &diagnostic.expected),
        ("produced", &diagnostic.produced),
        ("counterexample", &counterexample),
        ("help", &diagnostic.help),
    ] {
        if let Some(note) = note {
            line(format!("{margin} {} {}: {note}", paint(PLACE, "="), paint(BOLD, label)));
        }
    }
    out
}

/// Renders a diagnostic as JSON: its own members, the file, the first and the last position (the end is behind the last
/// character), and the section of docs/contracts.md that explains the code.
pub fn json(diagnostic: &Diagnostic, document: &Document) -> Value {
    let place = document.position_of(diagnostic);
    let mut value = json!(diagnostic);
    if let Some(members) = value.as_object_mut() {
        members.insert("file".to_owned(), json!(document.file()));
        members.insert("line".to_owned(), json!(place.line));
        members.insert("column".to_owned(), json!(place.column));
        members.insert("endLine".to_owned(), json!(place.line));
        members.insert("endColumn".to_owned(), json!(place.column + place.length));
        members.insert("docs".to_owned(), json!(docs(diagnostic.code)));
        if let Some(part) = document.part() {
            members.insert("resource".to_owned(), json!(part));
        }
    }
    value
}

/// Returns the section that explains a code, as a path in the repository with its anchor.
pub fn docs(code: Code) -> String {
    format!("docs/contracts.md#{}", code.as_str().to_lowercase())
}

fn style(severity: Severity) -> Style {
    match severity {
        Severity::Error => ERROR,
        Severity::Warning => WARNING,
        Severity::Note => NOTE,
    }
}

/// Returns the shown part of a line and the number of characters before it. A whole definition may be one line.
fn excerpt(line: &str, column: usize) -> (String, usize) {
    let shift = if column > WIDEST { column - WIDEST / 2 } else { 0 };
    (line.chars().skip(shift).take(WIDEST).collect(), shift)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn example() -> (Document, Diagnostic) {
        let document =
            Document::parse("m.asl.json", "{\n  \"States\": {\"A\": {\"Next\": \"ß\"}}\n}").unwrap();
        let diagnostic = Diagnostic::new(Code::MissingTransitionTarget, "/States/A/Next", "no ß")
            .expected("a state")
            .produced("ß")
            .counterexample(json!({"a": 1}))
            .help("did you mean S?");
        (document, diagnostic)
    }

    #[test]
    fn a_person_sees_the_line_and_the_position_in_it() {
        let (document, diagnostic) = example();
        let expected = [
            "error[MISSING_TRANSITION_TARGET]: no ß",
            " --> m.asl.json:2:28 at /States/A/Next",
            "  |",
            "2 |   \"States\": {\"A\": {\"Next\": \"ß\"}}",
            "  |                            ^^^",
            "  = expected: a state",
            "  = produced: ß",
            "  = counterexample: {\"a\":1}",
            "  = help: did you mean S?",
            "",
        ];
        assert_eq!(text(&diagnostic, &document, false), expected.join("\n"));
        let coloured = text(&diagnostic, &document, true);
        assert!(coloured.contains("\u{1b}["), "{coloured}");
    }

    #[test]
    fn a_definition_in_one_line_is_shown_around_the_position() {
        let source = format!("{{\"x\": \"{}\", \"here\": 1}}", "y".repeat(900));
        let document = Document::parse("m.json", source).unwrap();
        let shown = text(&Diagnostic::new(Code::DuplicateKey, "/here", "here"), &document, false);
        let lines: Vec<&str> = shown.lines().collect();
        let caret = lines[4].find('^').unwrap();
        assert!(lines[3].len() < 200, "{shown}");
        assert_eq!(&lines[3][caret..caret + 1], "1", "{shown}");
    }

    #[test]
    fn a_program_gets_the_same_with_the_position() {
        let (document, diagnostic) = example();
        assert_eq!(
            json(&diagnostic, &document),
            json!({
                "code": "MISSING_TRANSITION_TARGET", "severity": "error", "pointer": "/States/A/Next", "message": "no ß",
                "expected": "a state", "produced": "ß", "counterexample": {"a": 1}, "help": "did you mean S?",
                "file": "m.asl.json", "line": 2, "column": 28,
                "endLine": 2, "endColumn": 31, "docs": "docs/contracts.md#missing_transition_target",
            })
        );
    }
}
