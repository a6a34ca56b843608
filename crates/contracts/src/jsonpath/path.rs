//! Paths: `$.a.b[0]`, `$$.Execution.Id`, `$variable.field`.
//!
//! The grammar is that of the library Jayway JsonPath, which Step Functions uses: what follows a dot may have any letter
//! but a dot, a bracket or a space. The content of a filter is not read.

use super::scan::Scanner;

/// A path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Path {
    /// What the path starts from.
    pub root: Root,
    /// The steps from there.
    pub steps: Vec<Step>,
}

/// What a path starts from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Root {
    /// `$`: the input of the state, or its result.
    Data,
    /// `$$`: the context object.
    Context,
    /// `$name`: a variable.
    Variable(String),
}

/// One step of a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// A field: `.a` or `['a']`.
    Field(String),
    /// An item: `[0]`.
    Item(i64),
    /// What may select any number of values: `*`, `..`, a filter, a slice, several names or numbers.
    Several(String),
    /// A function of the path itself: `.length()`.
    Function(String),
}

impl Path {
    /// Parses a path. The error says what is wrong.
    pub fn parse(text: &str) -> Result<Path, String> {
        let mut scanner = Scanner::new(text.trim());
        let path = Path::read(&mut scanner)?;
        match scanner.peek() {
            None => Ok(path),
            Some(' ') => Err(format!(
                "there is a space at position {}. A name with spaces is written as ['my name']",
                scanner.position()
            )),
            Some(letter) => Err(format!("`{letter}` at position {} is unexpected", scanner.position())),
        }
    }

    /// Reads a path up to the first letter that cannot belong to it.
    pub(super) fn read(scanner: &mut Scanner<'_>) -> Result<Path, String> {
        if !scanner.take("$") {
            return Err("a path starts with `$`".to_owned());
        }
        let root = if scanner.take("$") {
            Root::Context
        } else {
            match scanner.take_while(|letter| letter.is_alphanumeric() || letter == '_') {
                "" => Root::Data,
                name if name.starts_with(|letter: char| letter.is_ascii_digit()) => {
                    return Err(format!("`{name}` cannot be the name of a variable"));
                }
                name => Root::Variable(name.to_owned()),
            }
        };
        let mut steps = Vec::new();
        loop {
            let at = scanner.position();
            if scanner.take("..") {
                steps.push(Step::Several("..".to_owned()));
                if scanner.peek() == Some('[') {
                    continue;
                }
                steps.push(name(scanner, at)?);
            } else if scanner.take(".") {
                // `.[` is accepted, too: it is the same as `[`.
                if scanner.peek() != Some('[') {
                    steps.push(name(scanner, at)?);
                }
            } else if scanner.peek() == Some('[') {
                let Some(content) = scanner.take_bracketed('[', ']') else {
                    return Err(format!("the bracket at position {at} has no end"));
                };
                let step = bracketed(content.trim());
                steps.push(step.ok_or_else(|| format!("`[{content}]` at position {at} selects nothing"))?);
            } else {
                return Ok(Path { root, steps });
            }
        }
    }

    /// Returns what the path has that a reference path may not have. A reference path leads to one value.
    pub fn not_of_a_reference(&self) -> Option<&str> {
        self.steps.iter().find_map(|step| match step {
            Step::Field(_) | Step::Item(_) => None,
            Step::Several(text) | Step::Function(text) => Some(text.as_str()),
        })
    }

    /// Returns the leading steps that are fields.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map_while(|step| match step {
            Step::Field(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

/// Reads the name after a dot.
fn name(scanner: &mut Scanner<'_>, dot: usize) -> Result<Step, String> {
    let ends = |letter: char| matches!(letter, '.' | '[' | ']' | '(' | ')' | ',') || letter.is_whitespace();
    let name = scanner.take_while(|letter| !ends(letter));
    match (name, scanner.peek()) {
        ("", _) => Err(format!("no name follows the dot at position {dot}")),
        ("*", _) => Ok(Step::Several("*".to_owned())),
        (name, Some('(')) => match scanner.take_bracketed('(', ')') {
            Some(_) => Ok(Step::Function(format!("{name}()"))),
            None => Err(format!("the call of {name} has no end")),
        },
        (name, _) => Ok(Step::Field(name.to_owned())),
    }
}

/// Reads the content of a bracket. `None` means that it selects nothing.
fn bracketed(content: &str) -> Option<Step> {
    let several = || Some(Step::Several(content.to_owned()));
    match content.chars().next()? {
        '*' if content == "*" => several(),
        '?' | '(' => several(),
        '\'' | '"' => {
            let mut scanner = Scanner::new(content);
            let first = scanner.take_quoted()?;
            scanner.skip_spaces();
            if scanner.rest().is_empty() {
                return Some(Step::Field(first.to_owned()));
            }
            while scanner.take(",") {
                scanner.skip_spaces();
                scanner.take_quoted()?;
                scanner.skip_spaces();
            }
            if scanner.rest().is_empty() { several() } else { None }
        }
        _ => {
            if let Ok(index) = content.parse() {
                return Some(Step::Item(index));
            }
            let is_number = |part: &str| part.trim().parse::<i64>().is_ok();
            let is_slice = content.contains(':')
                && content.split(':').all(|part| part.trim().is_empty() || is_number(part))
                && content.split(':').count() <= 3;
            let is_list = content.contains(',') && content.split(',').all(is_number);
            if is_slice || is_list { several() } else { None }
        }
    }
}
