//! Reads strings of a definition: plain text, or an expression between `{%` and `%}`.

use jsonata_core::ast::{AstNode, BinaryOp};

use super::facts::children;
use super::shown::cut;
use crate::diagnostic::{Code, Diagnostic};

/// A string of a definition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Text<'a> {
    /// Text that stays as it is.
    Plain,
    /// An expression, without its delimiters.
    Expression(&'a str),
    /// Text that begins or ends as an expression does, but not both exactly. Step Functions refuses it.
    Broken(&'static str),
}

/// Reads a string of a definition. `{%` must be its first characters and `%}` its last ones.
pub fn read(text: &str) -> Text<'_> {
    let (begins, ends) = (text.starts_with("{%"), text.ends_with("%}"));
    if begins && ends && text.len() >= 4 {
        return Text::Expression(text.get(2..text.len() - 2).unwrap_or_default().trim());
    }
    let trimmed = text.trim();
    match (begins, ends) {
        (true, true) => Text::Broken("`{%` and `%}` have nothing between them"),
        (true, false) if trimmed.ends_with("%}") => Text::Broken("there is white space behind `%}`"),
        (true, false) => Text::Broken("`%}` is missing at its end"),
        (false, true) if trimmed.starts_with("{%") => Text::Broken("there is white space before `{%`"),
        (false, true) => Text::Broken("`{%` is missing at its start"),
        // With white space on both sides it is text like any other.
        (false, false) => Text::Plain,
    }
}

/// Returns the expression in a string of a definition, `{% … %}`. `None` means that it is a plain string.
pub fn expression_of(text: &str) -> Option<&str> {
    match read(text) {
        Text::Expression(expression) => Some(expression),
        Text::Plain | Text::Broken(_) => None,
    }
}

/// Parses an expression as JSONata 2.0.6 does. The error is a diagnostic at `pointer`.
pub fn parse(expression: &str, pointer: &str) -> Result<AstNode, Box<Diagnostic>> {
    let refused = |why: String| {
        let message = format!("`{}` is not JSONata: {}", cut(expression), cut_sentence(&why));
        Box::new(Diagnostic::new(Code::InvalidJsonataExpression, pointer, message))
    };
    let tree = jsonata_core::parser::parse(&with_placeholders(expression))
        .map_err(|error| refused(error.display_message().to_string()))?;
    match later(&tree) {
        Some(operator) => {
            let why =
                format!("the operator `{operator}` is newer than JSONata 2.0.6, which Step Functions has");
            Err(Box::new(refused(why).help("write `$exists(a) ? a : b`, or `a ? a : b`")))
        }
        None => Ok(tree),
    }
}

fn cut_sentence(why: &str) -> String {
    let most = 200;
    if why.chars().count() <= most {
        why.to_owned()
    } else {
        format!("{}…", why.chars().take(most).collect::<String>())
    }
}

/// Returns an operator of the expression that JSONata 2.0.6 does not have.
fn later(node: &AstNode) -> Option<&'static str> {
    match node {
        AstNode::Binary { op: BinaryOp::Coalesce, .. } => Some("??"),
        AstNode::Binary { op: BinaryOp::Default, .. } => Some("?:"),
        _ => children(node).into_iter().find_map(later),
    }
}

/// The start of the variable that stands for a placeholder.
pub(super) const PLACEHOLDER: &str = "__placeholder_";

/// Replaces each `${Name}` outside of quotes by a variable, because whatever deploys the definition replaces it by
/// text before Step Functions reads the expression.
fn with_placeholders(expression: &str) -> String {
    let mut out = String::with_capacity(expression.len());
    let mut quote: Option<char> = None;
    let mut rest = expression;
    while let Some(letter) = rest.chars().next() {
        match quote {
            Some(open) => {
                if letter == '\\' {
                    let pair: String = rest.chars().take(2).collect();
                    out.push_str(&pair);
                    rest = rest.get(pair.len()..).unwrap_or_default();
                    continue;
                }
                if letter == open {
                    quote = None;
                }
            }
            None if matches!(letter, '\'' | '"' | '`') => quote = Some(letter),
            None => {
                if let Some((name, behind)) = placeholder(rest) {
                    let is_part = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
                    out.push_str(&format!("${PLACEHOLDER}{}", name.chars().map(is_part).collect::<String>()));
                    rest = behind;
                    continue;
                }
            }
        }
        out.push(letter);
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    }
    out
}

/// Returns the name of the placeholder that a text begins with, and the text behind it.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let (name, behind) = text.strip_prefix("${")?.split_once('}')?;
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-.:".contains(letter);
    let is_name =
        name.chars().next().is_some_and(|first| first.is_ascii_alphabetic()) && name.chars().all(is_part);
    // `${a: b}` groups by a field. A placeholder has no space, and a colon only as `AWS::Region`.
    let is_name = is_name && name.replace("::", "").chars().all(|letter| letter != ':');
    is_name.then_some((name, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiters_are_the_first_and_the_last_characters() {
        assert_eq!(read("{% 1 %}"), Text::Expression("1"));
        assert_eq!(read("{%1%}"), Text::Expression("1"));
        assert_eq!(read("{%\n 1\n%}"), Text::Expression("1"));
        for plain in ["", "1", "100 %", "{ % 1 % }", " {% 1 %} ", "a {% 1 %} b", "{{ a }}", "%", "{"] {
            assert_eq!(read(plain), Text::Plain, "{plain}");
        }
        for broken in ["{% 1", "1 %}", " {% 1 %}", "{% 1 %} ", "{% 1 %}\n", "{%", "%}", "{%}", "a %}"] {
            assert!(matches!(read(broken), Text::Broken(_)), "{broken}");
        }
    }

    #[test]
    fn a_placeholder_is_a_value_and_grouping_is_not_a_placeholder() {
        assert_eq!(with_placeholders("$a > ${Limit}"), format!("$a > ${PLACEHOLDER}Limit"));
        assert_eq!(with_placeholders("'${Limit}' & `${x}`"), "'${Limit}' & `${x}`");
        assert_eq!(with_placeholders("${AWS::Region}"), format!("${PLACEHOLDER}AWS__Region"));
        for other in ["${a:b}", "${'a': b}", "$x{a:b}", "'it\\'s ${no}'"] {
            assert_eq!(with_placeholders(other), other);
        }
        assert!(parse("$states.input.n > ${Limit}", "").is_ok());
    }

    #[test]
    fn operators_of_later_grammars_are_refused() {
        for later in
            ["a ?? 1", "a ?: 1", "$map(a, function($x) { $x.b ?? 1 })", "a[b ?: c]", "{'a': [b ?? 1]}"]
        {
            let refused = parse(later, "").unwrap_err();
            assert!(refused.message.contains("2.0.6"), "{later}: {}", refused.message);
        }
        assert!(parse("a ? b : c", "").is_ok());
    }
}
