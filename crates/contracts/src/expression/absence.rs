//! Where a value is required and where nothing will do.
//!
//! In JSONata most things that are made from nothing are nothing, without an error. Step Functions then fails the
//! state, because the expression as a whole has to yield a value. So absence is carried along, and reported where a
//! value is required.

use jsonata_core::ast::{AstNode, BinaryOp};

use super::infer::Inference;
use super::shown::shown;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::shape::{Absence, Shape, Typed};

impl Inference<'_> {
    /// Infers an expression that must have a value.
    pub(super) fn value(&mut self, node: &AstNode) -> Shape {
        let before = self.findings();
        let given = self.given(node);
        if given.absence == Absence::Perhaps && self.findings() == before {
            let finding = self.missing(node, &given);
            self.found(finding);
        }
        given.shape
    }

    /// Infers an expression that may yield nothing without harm. If it never yields anything, that is worth a warning. A
    /// strict check requires a value, because a comparison with nothing hides a wrong name.
    pub(super) fn optional(&mut self, node: &AstNode) -> Typed {
        if !self.scope.gradual {
            return Typed::always(self.value(node));
        }
        self.asked_for(node)
    }

    /// Infers an expression that is asked whether it yields anything.
    pub(super) fn asked_for(&mut self, node: &AstNode) -> Typed {
        let before = self.findings();
        let given = self.given(node);
        if given.is_never_present() && self.findings() == before && !matches!(node, AstNode::Undefined) {
            let finding = self.missing(node, &given);
            self.found(finding);
        }
        self.soften(before, &[Code::UnknownField, Code::UnassignedVariable]);
        given
    }

    /// Returns the finding that an expression may yield nothing, or never yields anything.
    fn missing(&mut self, node: &AstNode, given: &Typed) -> Diagnostic {
        let culprit = self.culprit(node);
        let name = shown(culprit);
        if let Some(variable) = self.uncertain_variable(culprit) {
            let message = format!("${variable} is not assigned on every path to here");
            return Diagnostic::new(Code::PerhapsUnassignedVariable, "", message)
                .help("assign it on each path, for example at the start");
        }
        if given.shape.is_never() {
            let finding = Diagnostic::new(Code::UnknownField, "", format!("{name} never exists"));
            return match bare_name(culprit).filter(|_| self.scope.item.is_none()) {
                Some(bare) => finding.help(self.instead_of(bare)),
                None => finding,
            };
        }
        if let AstNode::Conditional { else_branch: None, .. } = culprit {
            let message = format!("{name} yields nothing if the condition is false");
            return Diagnostic::new(Code::PerhapsAbsentField, "", message).help("add `: …` for that case");
        }
        let message = format!("{name} may be absent");
        let help = match culprit {
            AstNode::Path { .. } | AstNode::Variable(_) | AstNode::Name(_) if !name.ends_with('…') => {
                format!("test it first: $exists({name}) ? {name} : …")
            }
            _ => "say what to use instead: bind it by `:=`, then `$exists($x) ? $x : …`".to_owned(),
        };
        Diagnostic::new(Code::PerhapsAbsentField, "", message).help(help)
    }

    /// Returns what was probably meant by a name alone, which reads nothing outside of a path.
    fn instead_of(&self, bare: &str) -> String {
        if self.scope.variables.contains_key(bare) {
            return format!("a variable is read as ${bare}");
        }
        format!("a name alone reads nothing: the input is $states.input.{bare}, a variable is ${bare}")
    }

    /// Returns the innermost part of an expression because of which there may be nothing.
    fn culprit<'n>(&mut self, node: &'n AstNode) -> &'n AstNode {
        let parts: Vec<&AstNode> = match node {
            AstNode::Function { args, .. } => args.iter().collect(),
            AstNode::Binary { op: BinaryOp::ColonEqual, .. } => Vec::new(),
            AstNode::Binary { op: BinaryOp::ChainPipe, lhs, .. } => vec![lhs],
            AstNode::Binary { lhs, rhs, .. } => vec![lhs, rhs],
            AstNode::Unary { operand, .. } => vec![operand],
            AstNode::Block(expressions) if expressions.len() == 1 => expressions.iter().collect(),
            AstNode::FunctionApplication(inner) => vec![inner],
            _ => Vec::new(),
        };
        let absent = parts.into_iter().find(|part| self.quietly(part).absence == Absence::Perhaps);
        match absent {
            Some(part) => self.culprit(part),
            None => node,
        }
    }

    /// Returns the variable that an expression reads first, if some path to here does not assign it.
    fn uncertain_variable<'n>(&self, node: &'n AstNode) -> Option<&'n str> {
        let name = match node {
            AstNode::Variable(name) => name,
            AstNode::Path { steps } => match steps.first().map(|step| &step.node) {
                Some(AstNode::Variable(name)) => name,
                _ => return None,
            },
            _ => return None,
        };
        let hidden = self.scope.locals.contains_key(name);
        let variable = self.scope.variables.get(name).filter(|_| !hidden)?;
        (!variable.certain).then_some(name)
    }

    /// Lowers the severity of findings that were made since `before`, because no failure follows from them.
    fn soften(&mut self, before: usize, codes: &[Code]) {
        for finding in self.findings_since(before) {
            if codes.contains(&finding.code) {
                finding.severity = finding.severity.min(Severity::Warning);
            }
        }
    }
}

/// Returns the name with which an expression begins, if it is a name alone.
fn bare_name(node: &AstNode) -> Option<&str> {
    match node {
        AstNode::Name(name) => Some(name),
        AstNode::Path { steps } => bare_name(&steps.first()?.node),
        _ => None,
    }
}
