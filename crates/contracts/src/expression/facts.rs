//! What conditions have shown of an expression's value that a shape cannot tell: the same expression yields the same
//! value again, so what was there is there.

use jsonata_core::ast::{AstNode, PathStep, Stage};

use super::Scope;
use crate::shape::{Absence, Shape, Typed};

/// An expression that is known to have a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    node: AstNode,
    /// Shape of the value, if the condition tells more about it than the expression itself.
    shape: Shape,
}

impl Fact {
    /// Returns whether the fact is about the input of a state or about a variable only, so that it holds in the next
    /// state as well if neither changes.
    pub(crate) fn root(&self) -> Option<&str> {
        match &self.node {
            AstNode::Variable(name) => Some(name),
            AstNode::Path { steps } => match steps.as_slice() {
                [PathStep { node: AstNode::Variable(root), .. }, second, ..] if root == "states" => {
                    match &second.node {
                        AstNode::Name(field) if field == "input" => Some("states.input"),
                        _ => None,
                    }
                }
                [PathStep { node: AstNode::Variable(root), .. }, ..] => Some(root),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns whether the fact mentions a variable anywhere.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        mentions(&self.node, name)
    }
}

impl Scope {
    /// Adds that an expression has a value of this shape. Expressions other than paths are left out.
    pub(super) fn learn(&mut self, node: &AstNode, shape: Shape) {
        let node = unwrapped(node);
        if !matches!(node, AstNode::Path { .. } | AstNode::Variable(_) | AstNode::Name(_)) {
            return;
        }
        self.facts.retain(|fact| fact.node != *node);
        self.facts.push(Fact { node: node.clone(), shape });
    }

    /// Returns the type of an expression with what is known of it.
    pub(super) fn with_facts(&self, node: &AstNode, given: Typed) -> Typed {
        if self.facts.is_empty() || given.absence == Absence::Never && !given.shape.has_lists() {
            return given;
        }
        match self.facts.iter().find(|fact| fact.node == *node) {
            Some(fact) => Typed::always(refined(&given.shape, &fact.shape)),
            None => given,
        }
    }

    /// Returns the type of the first steps of a path with what is known of them. A path that has a value has one at each
    /// step.
    pub(super) fn with_facts_of_steps(&self, steps: &[PathStep], given: Typed) -> Typed {
        let leads_on = |fact: &Fact| match (&fact.node, steps) {
            (AstNode::Path { steps: known }, _) => starts_with(known, steps),
            (node, [only]) => *node == only.node && only.stages.is_empty(),
            _ => false,
        };
        if given.absence == Absence::Never || !self.facts.iter().any(leads_on) {
            return given;
        }
        Typed { absence: Absence::Never, ..given }
    }

    /// Forgets what was known of expressions with this variable, because the name now means something else.
    pub(super) fn forget(&mut self, name: &str) {
        self.facts.retain(|fact| !fact.mentions(name));
    }

    /// Forgets what was known of the current item, because there is another one.
    pub(super) fn forget_item(&mut self) {
        self.facts.retain(|fact| match &fact.node {
            AstNode::Path { steps } => {
                matches!(steps.first().map(|step| &step.node), Some(AstNode::Variable(name)) if !name.is_empty())
            }
            AstNode::Variable(name) => !name.is_empty(),
            _ => false,
        });
    }
}

/// Returns the shape that the fact tells where the expression alone says nothing.
fn refined(given: &Shape, known: &Shape) -> Shape {
    let both = given.and(known);
    if both.is_never() { known.clone() } else { both }
}

fn starts_with(known: &[PathStep], steps: &[PathStep]) -> bool {
    let Some((last, before)) = steps.split_last() else { return false };
    let same = known.get(..before.len()).is_some_and(|start| start == before);
    let Some(meant) = known.get(before.len()).filter(|_| same) else { return false };
    let as_long = meant.stages.get(..last.stages.len()).is_some_and(|stages| stages == last.stages);
    meant.node == last.node && as_long
}

/// Returns an expression without parentheses around it.
pub(super) fn unwrapped(node: &AstNode) -> &AstNode {
    match node {
        AstNode::Block(expressions) => match expressions.as_slice() {
            [only] => unwrapped(only),
            _ => node,
        },
        AstNode::FunctionApplication(inner) => unwrapped(inner),
        other => other,
    }
}

fn mentions(node: &AstNode, name: &str) -> bool {
    matches!(node, AstNode::Variable(other) if other == name)
        || matches!(node, AstNode::Function { name: called, .. } if called == name)
        || children(node).into_iter().any(|child| mentions(child, name))
}

/// Returns the parts of an expression.
pub(super) fn children(node: &AstNode) -> Vec<&AstNode> {
    match node {
        AstNode::Path { steps } => steps
            .iter()
            .flat_map(|step| {
                let filters = step.stages.iter().filter_map(|stage| match stage {
                    Stage::Filter(filter) => Some(filter.as_ref()),
                    Stage::KeepArray | Stage::Index(_) => None,
                });
                std::iter::once(&step.node).chain(filters)
            })
            .collect(),
        AstNode::Binary { lhs, rhs, .. } => vec![lhs, rhs],
        AstNode::Unary { operand, .. } => vec![operand],
        AstNode::Function { args, .. } => args.iter().collect(),
        AstNode::Call { procedure, args } => std::iter::once(procedure.as_ref()).chain(args.iter()).collect(),
        AstNode::Lambda { body, .. } => vec![body],
        AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => items.iter().collect(),
        AstNode::Object(fields) => fields.iter().flat_map(|(name, value)| [name, value]).collect(),
        AstNode::ObjectTransform { input, pattern } => {
            let fields = pattern.iter().flat_map(|(name, value)| [name, value]);
            std::iter::once(input.as_ref()).chain(fields).collect()
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            [condition.as_ref(), then_branch.as_ref()].into_iter().chain(else_branch.as_deref()).collect()
        }
        AstNode::FunctionApplication(inner) => vec![inner],
        AstNode::Sort { input, terms } => {
            std::iter::once(input.as_ref()).chain(terms.iter().map(|(term, _)| term)).collect()
        }
        AstNode::Transform { location, update, delete } => {
            [location.as_ref(), update.as_ref()].into_iter().chain(delete.as_deref()).collect()
        }
        _ => Vec::new(),
    }
}
