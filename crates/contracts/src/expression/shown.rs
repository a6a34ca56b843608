//! Writes an expression for messages.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage, UnaryOp};

use super::numbers::number_value;

/// The greatest number of characters of an expression in a message.
const LONGEST: usize = 80;

/// Formats an expression for messages. A long one is cut.
pub(super) fn shown(node: &AstNode) -> String {
    cut(&whole(node))
}

/// Cuts a text after the number of characters that a message shows.
pub(super) fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let start: String = text.chars().take(LONGEST - 1).collect();
    format!("{start}…")
}

fn whole(node: &AstNode) -> String {
    let list = |nodes: &[AstNode]| nodes.iter().map(whole).collect::<Vec<_>>().join(", ");
    match node {
        AstNode::Variable(name) => format!("${name}"),
        AstNode::ParentVariable(_) => "$$".to_owned(),
        AstNode::Name(name) if is_plain(name) => name.clone(),
        AstNode::Name(name) => format!("`{name}`"),
        AstNode::String(text) => format!("'{text}'"),
        AstNode::Number(number) => number_value(*number).to_string(),
        AstNode::Boolean(boolean) => boolean.to_string(),
        AstNode::Null => "null".to_owned(),
        AstNode::Placeholder => "?".to_owned(),
        AstNode::Regex { pattern, flags } => format!("/{pattern}/{flags}"),
        AstNode::Wildcard => "*".to_owned(),
        AstNode::Descendant => "**".to_owned(),
        AstNode::Parent(_) => "%".to_owned(),
        AstNode::Path { steps } => steps.iter().map(step).collect::<Vec<_>>().join("."),
        AstNode::Function { name, args, .. } => format!("${name}({})", list(args)),
        AstNode::Call { procedure, args } => format!("{}({})", whole(procedure), list(args)),
        AstNode::Array(items) | AstNode::ArrayGroup(items) => format!("[{}]", list(items)),
        AstNode::Object(fields) => fields_shown(fields),
        AstNode::Binary { op, lhs, rhs } => format!("{} {} {}", whole(lhs), sign(*op), whole(rhs)),
        AstNode::Unary { op: UnaryOp::Negate, operand } => format!("-{}", whole(operand)),
        AstNode::Unary { operand, .. } => whole(operand),
        AstNode::Conditional { condition, then_branch, else_branch } => {
            let otherwise = else_branch.as_deref().map(|node| format!(" : {}", whole(node)));
            format!("{} ? {}{}", whole(condition), whole(then_branch), otherwise.unwrap_or_default())
        }
        AstNode::Block(expressions) => {
            format!("({})", expressions.iter().map(whole).collect::<Vec<_>>().join("; "))
        }
        AstNode::FunctionApplication(inner) => format!("({})", whole(inner)),
        AstNode::Lambda { params, .. } => {
            let params: Vec<String> = params.iter().map(|name| format!("${name}")).collect();
            format!("function({}) {{…}}", params.join(", "))
        }
        AstNode::Sort { input, .. } => format!("{}^(…)", whole(input)),
        AstNode::ObjectTransform { input, .. } => format!("{}{{…}}", whole(input)),
        AstNode::Transform { .. } => "|…|".to_owned(),
        AstNode::Undefined => "(…)".to_owned(),
    }
}

fn is_plain(name: &str) -> bool {
    name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

fn step(step: &PathStep) -> String {
    let stages = step.stages.iter().map(|stage| match stage {
        Stage::KeepArray => "[]".to_owned(),
        Stage::Filter(filter) => format!("[{}]", whole(filter)),
        Stage::Index(name) => format!("#${name}"),
    });
    format!("{}{}", whole(&step.node), stages.collect::<String>())
}

fn fields_shown(fields: &[(AstNode, AstNode)]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}: {}", whole(name), whole(value))).collect();
    format!("{{{}}}", fields.join(", "))
}

fn sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Modulo => "%",
        BinaryOp::Equal => "=",
        BinaryOp::NotEqual => "!=",
        BinaryOp::LessThan => "<",
        BinaryOp::LessThanOrEqual => "<=",
        BinaryOp::GreaterThan => ">",
        BinaryOp::GreaterThanOrEqual => ">=",
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
        BinaryOp::Concatenate => "&",
        BinaryOp::Range => "..",
        BinaryOp::In => "in",
        BinaryOp::ColonEqual => ":=",
        BinaryOp::FocusBind => "@",
        BinaryOp::IndexBind => "#",
        BinaryOp::Coalesce => "??",
        BinaryOp::Default => "?:",
        BinaryOp::ChainPipe => "~>",
    }
}
