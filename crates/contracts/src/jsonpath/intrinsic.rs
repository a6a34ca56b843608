//! Calls of intrinsic functions: `States.Format('{} of {}', $.part, $.whole)`.
//!
//! The names, the number of their arguments and their types are those of "Intrinsic functions for JSONPath states" in
//! the developer guide.

use super::path::Path;
use super::scan::Scanner;
use crate::suggestion::closest;

/// How deep calls may be nested.
const DEEPEST: usize = 10;

/// What an argument must be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Takes {
    Anything,
    Text,
    Number,
    /// An array or an object, which no literal can be.
    Structure,
    /// `false` only: Step Functions merges no deeper.
    False,
    /// The name of a hash algorithm.
    Algorithm,
}

/// The functions: name, types of the arguments, and how many of them are optional.
const FUNCTIONS: [(&str, &[Takes], usize); 18] = {
    use Takes::{Algorithm, Anything, False, Number, Structure, Text};
    [
        ("States.Array", &[], 0),
        ("States.ArrayContains", &[Structure, Anything], 0),
        ("States.ArrayGetItem", &[Structure, Number], 0),
        ("States.ArrayLength", &[Structure], 0),
        ("States.ArrayPartition", &[Structure, Number], 0),
        ("States.ArrayRange", &[Number, Number, Number], 0),
        ("States.ArrayUnique", &[Structure], 0),
        ("States.Base64Decode", &[Text], 0),
        ("States.Base64Encode", &[Text], 0),
        ("States.Format", &[Text], 0),
        ("States.Hash", &[Anything, Algorithm], 0),
        ("States.JsonMerge", &[Structure, Structure, False], 0),
        ("States.JsonToString", &[Anything], 0),
        ("States.MathAdd", &[Number, Number], 0),
        ("States.MathRandom", &[Number, Number, Number], 1),
        ("States.StringSplit", &[Text, Text], 0),
        ("States.StringToJson", &[Text], 0),
        ("States.UUID", &[], 0),
    ]
};

const ALGORITHMS: [&str; 5] = ["MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"];

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Name of the function, such as `States.Format`.
    pub name: String,
    /// The arguments.
    pub arguments: Vec<Argument>,
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// A text in single quotes, as written.
    Text(String),
    /// A number.
    Number(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`.
    Null,
    /// A path.
    Path(Path),
    /// The result of another call.
    Call(Call),
}

impl Call {
    /// Parses a call and checks its name and its arguments. The error says what is wrong.
    pub fn parse(text: &str) -> Result<Call, String> {
        let mut scanner = Scanner::new(text.trim());
        let call = Call::read(&mut scanner, 1)?;
        scanner.skip_spaces();
        if !scanner.rest().is_empty() {
            return Err(format!("`{}` follows the end of the call", scanner.rest()));
        }
        Ok(call)
    }

    /// Returns the names of all functions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FUNCTIONS.iter().map(|(name, ..)| *name)
    }

    /// Returns the paths in the arguments, nested ones included.
    pub fn paths(&self) -> Vec<&Path> {
        let paths = self.arguments.iter().flat_map(|argument| match argument {
            Argument::Path(path) => vec![path],
            Argument::Call(call) => call.paths(),
            _ => Vec::new(),
        });
        paths.collect()
    }

    fn read(scanner: &mut Scanner<'_>, depth: usize) -> Result<Call, String> {
        let name = scanner.take_while(|letter| letter.is_alphanumeric() || letter == '.' || letter == '_');
        if !name.starts_with("States.") {
            return Err("neither a path, which starts with `$`, nor a call of `States.…`".to_owned());
        }
        if depth > DEEPEST {
            return Err(format!("calls are nested deeper than {DEEPEST}"));
        }
        scanner.skip_spaces();
        if !scanner.take("(") {
            return Err(format!("{name} has no arguments in parentheses"));
        }
        let mut arguments = Vec::new();
        scanner.skip_spaces();
        while !scanner.take(")") {
            if !arguments.is_empty() && !scanner.take(",") {
                let at = scanner.position();
                return Err(format!(
                    "a comma or `)` is missing at position {at}, in the arguments of {name}"
                ));
            }
            scanner.skip_spaces();
            arguments.push(argument(scanner, name, depth)?);
            scanner.skip_spaces();
        }
        let call = Call { name: name.to_owned(), arguments };
        call.check()?;
        Ok(call)
    }

    /// Checks the name, the number of the arguments and their types.
    fn check(&self) -> Result<(), String> {
        let Call { name, arguments } = self;
        let Some((_, takes, optional)) = FUNCTIONS.iter().find(|(known, ..)| known == name) else {
            let short = |name: &'static str| name.trim_start_matches("States.");
            return Err(match closest(name.trim_start_matches("States."), Call::names().map(short)) {
                Some(meant) => format!("there is no function {name}. Did you mean States.{meant}?"),
                None => format!("there is no function {name}"),
            });
        };
        let (least, most) = match name.as_str() {
            "States.Array" => (0, usize::MAX),
            "States.Format" => (1, usize::MAX),
            _ => (takes.len() - optional, takes.len()),
        };
        let given = arguments.len();
        if !(least..=most).contains(&given) {
            let wants = match (least, most) {
                (_, usize::MAX) => format!("at least {least}"),
                (least, most) if least == most => least.to_string(),
                _ => format!("{least} or {most}"),
            };
            return Err(format!("{name} takes {wants} arguments and has {given}"));
        }
        for (argument, takes) in arguments.iter().zip(*takes) {
            if let Some(wanted) = refused(argument, *takes) {
                return Err(format!("{name} needs {wanted}"));
            }
        }
        match (name.as_str(), arguments.as_slice()) {
            ("States.Format", [Argument::Text(template), values @ ..]) => {
                let places = places(template);
                if places != values.len() {
                    return Err(format!(
                        "the text of States.Format has {places} `{{}}`, and {} values follow it",
                        values.len()
                    ));
                }
            }
            ("States.ArrayRange", [_, _, Argument::Number(step)]) if *step == 0.0 => {
                return Err("the step of States.ArrayRange is 0".to_owned());
            }
            _ => {}
        }
        Ok(())
    }
}

fn argument(scanner: &mut Scanner<'_>, name: &str, depth: usize) -> Result<Argument, String> {
    let at = scanner.position();
    match scanner.peek() {
        Some('\'') => {
            let Some(text) = scanner.take_quoted() else {
                return Err(format!("the text at position {at} has no closing quote"));
            };
            match wrong_escape(text) {
                Some(letter) => Err(format!(
                    "`\\{letter}` in the text at position {at} means nothing: only `'`, `{{`, `}}` and `\\` are escaped"
                )),
                None => Ok(Argument::Text(text.to_owned())),
            }
        }
        Some('"') => Err(format!("the text at position {at} is in double quotes. Use single ones")),
        Some('$') => Path::read(scanner).map(Argument::Path),
        Some('S') => Call::read(scanner, depth + 1).map(Argument::Call),
        _ => {
            let literal =
                scanner.take_while(|letter| !letter.is_whitespace() && letter != ',' && letter != ')');
            match (literal, literal.parse()) {
                ("true", _) => Ok(Argument::Boolean(true)),
                ("false", _) => Ok(Argument::Boolean(false)),
                ("null", _) => Ok(Argument::Null),
                (_, Ok(number)) => Ok(Argument::Number(number)),
                ("", _) => Err(format!("an argument of {name} is missing at position {at}")),
                _ => Err(format!("`{literal}` is not an argument. A text needs single quotes")),
            }
        }
    }
}

/// Returns what the argument should be, if it certainly is something else. Only literals are certain.
fn refused(argument: &Argument, takes: Takes) -> Option<&'static str> {
    let is_open = matches!(argument, Argument::Path(_) | Argument::Call(_));
    match takes {
        Takes::Text if !is_open && !matches!(argument, Argument::Text(_)) => Some("a text"),
        Takes::Number if !is_open && !matches!(argument, Argument::Number(_)) => Some("a number"),
        Takes::Structure if !is_open => Some("an array or an object, which a literal cannot be"),
        Takes::False if !is_open && *argument != Argument::Boolean(false) => {
            Some("false as its last argument")
        }
        Takes::Algorithm => match argument {
            Argument::Text(name) if ALGORITHMS.contains(&name.as_str()) => None,
            _ if is_open => None,
            _ => Some("MD5, SHA-1, SHA-256, SHA-384 or SHA-512"),
        },
        _ => None,
    }
}

/// Returns the first letter that a backslash escapes although it needs none.
fn wrong_escape(text: &str) -> Option<char> {
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            match letters.next() {
                Some('\'' | '{' | '}' | '\\') | None => {}
                Some(other) => return Some(other),
            }
        }
    }
    None
}

/// Returns the number of `{}` that are not escaped.
fn places(template: &str) -> usize {
    let plain = template.replace("\\\\", "").replace("\\{", "").replace("\\}", "");
    plain.matches("{}").count()
}
