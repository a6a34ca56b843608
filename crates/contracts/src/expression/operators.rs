//! Infers operators, conditions and blocks.

use jsonata_core::ast::{AstNode, BinaryOp, UnaryOp};

use super::constants;
use super::infer::Inference;
use super::local::Local;
use super::narrow::narrowed;
use super::numbers::{computed, number_value};
use super::shown::shown;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::shape::{Absence, Alternative, Scalar, Shape, Typed};

impl Inference<'_> {
    /// Infers an operand that must be of one type if it is present.
    pub(super) fn operand(&mut self, node: &AstNode, scalar: Scalar, of: &str) -> Typed {
        let given = self.given(node);
        self.expect_scalar(node, &given.shape, scalar, of);
        given
    }

    /// Reports a value that is not always of a type.
    pub(super) fn expect_scalar(&mut self, node: &AstNode, shape: &Shape, scalar: Scalar, of: &str) {
        let fits = |alternative: &&Alternative| match alternative {
            Alternative::Scalar(kind, _) => *kind == scalar,
            other => other.is_open(),
        };
        let fitting = shape.alternatives().iter().filter(fits).count();
        if fitting == shape.alternatives().len() {
            return;
        }
        let how = if fitting == 0 { "never" } else { "not always" };
        let message = format!("{} of {of} is {how} a {}", shown(node), scalar.as_str());
        let finding = Diagnostic::new(Code::WrongArgument, "", message);
        let finding = finding.severity(if fitting == 0 { Severity::Error } else { Severity::Warning });
        self.found(finding.produced(shape.to_schema().to_string()));
    }

    pub(super) fn binary(&mut self, op: BinaryOp, lhs: &AstNode, rhs: &AstNode) -> Typed {
        let boolean = || Typed::always(Shape::boolean());
        match op {
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => {
                let left = self.operand(lhs, Scalar::Number, "arithmetic");
                let right = self.operand(rhs, Scalar::Number, "arithmetic");
                let divides = matches!(op, BinaryOp::Divide | BinaryOp::Modulo);
                if divides && constants::is_zero(&right.shape) {
                    let message = format!("{} divides by 0", shown_binary(lhs, op, rhs));
                    self.report(Code::WrongArgument, message);
                }
                Typed {
                    shape: computed(op, &left.shape, &right.shape),
                    absence: left.absence.max(right.absence),
                }
            }
            BinaryOp::Concatenate => {
                let (left, right) = (self.optional(lhs), self.optional(rhs));
                Typed::always(Shape::string().uncertain_if(&[&left.shape, &right.shape]))
            }
            BinaryOp::Equal | BinaryOp::NotEqual => {
                self.compared(lhs, rhs, false);
                boolean()
            }
            BinaryOp::LessThan
            | BinaryOp::LessThanOrEqual
            | BinaryOp::GreaterThan
            | BinaryOp::GreaterThanOrEqual => boolean().or_absent(self.compared(lhs, rhs, true)),
            BinaryOp::And | BinaryOp::Or => {
                self.condition(lhs);
                // The second operand is evaluated only if the first did not decide.
                let before = self.scope.clone();
                self.scope = narrowed(&before, lhs, op == BinaryOp::And);
                self.condition(rhs);
                self.scope = before;
                boolean()
            }
            BinaryOp::In => {
                self.optional(lhs);
                self.optional(rhs);
                boolean()
            }
            BinaryOp::ColonEqual => {
                let is_function = self.is_function(rhs);
                let given = if is_function { Typed::always(self.scope.unknown()) } else { self.given(rhs) };
                if let AstNode::Variable(name) = lhs {
                    let local = self.bound(rhs, given.clone());
                    self.bind(name.clone(), local);
                }
                given
            }
            BinaryOp::ChainPipe => self.piped(lhs, rhs),
            _ => self.untyped("this operator"),
        }
    }

    /// Infers a comparison and returns whether its result may be absent. Nothing equals nothing else, but the order of
    /// nothing is nothing.
    fn compared(&mut self, lhs: &AstNode, rhs: &AstNode, ordered: bool) -> Absence {
        let (one, two) = if ordered {
            (self.given(lhs), self.given(rhs))
        } else {
            (self.optional(lhs), self.optional(rhs))
        };
        let absence = one.absence.max(two.absence);
        let (left, right) = (one.shape, two.shape);
        let is_open = |shape: &Shape| shape.alternatives().iter().any(Alternative::is_open);
        if is_open(&left) || is_open(&right) || left.is_never() || right.is_never() {
            return absence;
        }
        let pairs = |fits: &dyn Fn(&Alternative, &Alternative) -> bool| {
            let all = left.alternatives().len() * right.alternatives().len();
            let alternatives = left.alternatives().iter();
            let fitting = alternatives.flat_map(|one| right.alternatives().iter().map(move |two| (one, two)));
            (fitting.filter(|(one, two)| fits(one, two)).count(), all)
        };
        let (message, severity) = if ordered {
            let (fitting, all) = pairs(&may_be_ordered);
            match fitting {
                fitting if fitting == all => return absence,
                0 => ("can never be ordered", Severity::Error),
                _ => ("cannot always be ordered", Severity::Warning),
            }
        } else {
            match pairs(&may_equal) {
                (0, _) => ("can never be equal", Severity::Warning),
                _ => return absence,
            }
        };
        let message = format!("{} and {} {message}", shown(lhs), shown(rhs));
        let produced = format!("{} and {}", left.to_schema(), right.to_schema());
        let finding = Diagnostic::new(Code::ComparedTypesDiffer, "", message).severity(severity);
        self.found(finding.produced(produced));
        absence
    }

    pub(super) fn unary(&mut self, op: UnaryOp, operand: &AstNode) -> Typed {
        match (op, operand) {
            (UnaryOp::Negate, AstNode::Number(number)) => {
                Typed::always(Shape::constant(&number_value(-number)))
            }
            (UnaryOp::Negate, _) => {
                let given = self.operand(operand, Scalar::Number, "a negation");
                let shape = Shape::number().uncertain_if(&[&given.shape]);
                Typed { shape, ..given }
            }
            (UnaryOp::Not, _) => {
                let given = self.condition(operand);
                Typed::always(Shape::boolean()).or_absent(given.absence)
            }
        }
    }

    pub(super) fn conditional(
        &mut self,
        condition: &AstNode,
        then: &AstNode,
        otherwise: Option<&AstNode>,
    ) -> Typed {
        self.condition(condition);
        let before = self.scope.clone();
        self.scope = narrowed(&before, condition, true);
        let then = self.given(then);
        self.scope = narrowed(&before, condition, false);
        let otherwise = otherwise.map_or_else(Typed::absent, |node| self.given(node));
        self.scope = before;
        then.or(otherwise)
    }

    pub(super) fn block(&mut self, expressions: &[AstNode]) -> Typed {
        let (locals, facts) = (self.scope.locals.clone(), self.scope.facts.clone());
        let mut given = Typed::absent();
        for expression in expressions {
            given = match expression {
                // A function that is not called yields nothing by itself.
                lambda @ AstNode::Lambda { .. } => {
                    let unknown = Typed::always(self.scope.unknown());
                    let local: Local = self.bound(lambda, unknown);
                    local.typed
                }
                other => self.given(other),
            };
        }
        self.scope.locals = locals;
        self.scope.facts = facts;
        given
    }
}

fn shown_binary(lhs: &AstNode, op: BinaryOp, rhs: &AstNode) -> String {
    shown(&AstNode::Binary { op, lhs: Box::new(lhs.clone()), rhs: Box::new(rhs.clone()) })
}

/// Returns whether the two alternatives are both numbers or both strings.
fn may_be_ordered(one: &Alternative, two: &Alternative) -> bool {
    match (one, two) {
        (Alternative::Scalar(kind, _), Alternative::Scalar(other, _)) => {
            kind == other && matches!(kind, Scalar::Number | Scalar::String)
        }
        _ => false,
    }
}

/// Returns whether the two alternatives may have a value in common.
fn may_equal(one: &Alternative, two: &Alternative) -> bool {
    match (one, two) {
        (Alternative::Any | Alternative::Unknown, _) | (_, Alternative::Any | Alternative::Unknown) => true,
        (Alternative::Scalar(kind, facets), Alternative::Scalar(other, others)) => {
            let constants = facets.get("const").zip(others.get("const"));
            kind == other && constants.is_none_or(|(constant, other)| constant == other)
        }
        (Alternative::Array { .. }, Alternative::Array { .. }) => true,
        (Alternative::Object(_), Alternative::Object(_)) => true,
        _ => false,
    }
}
