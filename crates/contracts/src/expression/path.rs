//! Infers paths: steps, brackets and sorting.

use jsonata_core::ast::{AstNode, PathStep, Stage};

use super::infer::Inference;
use super::shown::shown;
use crate::diagnostic::{Code, Diagnostic};
use crate::shape::{Absence, Alternative, Scalar, Shape, Typed};
use crate::suggestion::closest;

impl Inference<'_> {
    pub(super) fn path(&mut self, steps: &[PathStep]) -> Typed {
        let Some((first, rest)) = steps.split_first() else { return Typed::absent() };
        if let Some(refused) = self.refused_field_of_states(first, rest) {
            return refused;
        }
        if let Some(refused) = self.refused_intrinsic(first, rest) {
            return refused;
        }
        let binds = |step: &PathStep| step.focus.is_some() || step.index_var.is_some() || step.is_tuple;
        if steps.iter().any(binds) {
            return self.untyped("a path that binds variables");
        }
        let keep_array = steps.iter().any(|step| step.stages.contains(&Stage::KeepArray));
        let mut given = self.given(&first.node);
        given = self.stages(given, &first.stages);
        given = self.scope.with_facts_of_steps(std::slice::from_ref(first), given);
        for (index, step) in rest.iter().enumerate() {
            let so_far = steps.get(..index + 2).unwrap_or(steps);
            let before = given.clone();
            given = match &step.node {
                AstNode::Name(name) | AstNode::String(name)
                    if before.shape.has_lists() && !step.stages.is_empty() =>
                {
                    // Brackets after a name apply to the field of each item.
                    let of_item = before.shape.items().field(name);
                    let (least, most) = (before.shape.min_items(), before.shape.max_items());
                    self.stages(of_item, &step.stages).over_items(least, most)
                }
                AstNode::Name(name) | AstNode::String(name) => before.shape.field(name),
                node @ (AstNode::FunctionApplication(_) | AstNode::Object(_)) => {
                    self.each_item(&before.shape, node, &step.stages)
                }
                AstNode::Function { .. } if self.scope.gradual => {
                    self.each_item(&before.shape, &step.node, &step.stages)
                }
                _ => return self.untyped("a step of a path that is neither a name nor (…)"),
            };
            given = given.or_absent(before.absence);
            if given.shape.is_never() && !before.shape.is_never() {
                self.never_exists(so_far, &before.shape);
                return self.reported();
            }
            if !before.shape.has_lists() {
                given = self.stages(given, &step.stages);
            }
            given = self.scope.with_facts_of_steps(so_far, given);
        }
        if keep_array {
            let array = Shape::array(given.shape.items(), given.shape.max_items());
            let array = array.with_least_items(given.shape.min_items());
            // `$x[]` without a step leaves a value that is no list unchanged.
            given.shape = if rest.is_empty() { given.shape.or(array) } else { array };
        }
        given
    }

    /// Reports a field of `$states` that does not exist, or not here.
    fn refused_field_of_states(&mut self, first: &PathStep, rest: &[PathStep]) -> Option<Typed> {
        let (AstNode::Variable(name), Some(second)) = (&first.node, rest.first()) else { return None };
        let AstNode::Name(field) = &second.node else { return None };
        if name != "states" || self.scope.locals.contains_key(name) {
            return None;
        }
        let missing = match field.as_str() {
            "result" => self.scope.result.is_none(),
            "errorOutput" => self.scope.error_output.is_none(),
            "input" | "context" => false,
            other => {
                let message = format!(
                    "$states has no `{other}`: its fields are input, result, errorOutput and context"
                );
                self.report(Code::UnknownField, message);
                return Some(self.reported());
            }
        };
        if !missing {
            return None;
        }
        self.report(Code::StatesFieldUnavailable, format!("$states.{field} does not exist here"));
        Some(self.reported())
    }

    /// Reports an intrinsic function of JSONPath, such as `States.Format(…)`.
    fn refused_intrinsic(&mut self, first: &PathStep, rest: &[PathStep]) -> Option<Typed> {
        let called = match rest {
            [PathStep { node: AstNode::Function { name, is_builtin: false, .. }, .. }] => name,
            _ => return None,
        };
        if first.node != AstNode::Name("States".to_owned()) {
            return None;
        }
        let message =
            format!("States.{called} is an intrinsic function of JSONPath, which JSONata does not have");
        self.report_with_help(
            Code::UnknownFunction,
            message,
            "use one of JSONata's own functions, whose names begin with $",
        );
        Some(self.reported())
    }

    fn never_exists(&mut self, steps: &[PathStep], before: &Shape) {
        let path = shown(&AstNode::Path { steps: steps.to_vec() });
        let finding = Diagnostic::new(Code::UnknownField, "", format!("{path} never exists"));
        let wrong = match steps.last().map(|step| &step.node) {
            Some(AstNode::Name(name) | AstNode::String(name)) => name.as_str(),
            _ => "",
        };
        let items = before.items();
        let known = items.alternatives().iter().filter_map(|alternative| match alternative {
            Alternative::Object(object) => Some(object.fields.keys().map(String::as_str)),
            _ => None,
        });
        self.found(match closest(wrong, known.flatten()) {
            Some(meant) => finding.help(format!("did you mean {meant}?")),
            None => finding,
        });
    }

    /// Infers a step that is computed for each item. A list that it yields becomes part of the path's list, and a
    /// single item is unwrapped. The same holds for a single input.
    fn each_item(&mut self, over: &Shape, node: &AstNode, stages: &[Stage]) -> Typed {
        let given = self.with_context(over.items(), |inference| inference.given(node));
        let given = self.stages(given, stages);
        if !over.has_lists() && !given.shape.has_lists() {
            return given;
        }
        let of_each = given.absence;
        let all = given.over_items(over.min_items(), over.max_items());
        match all.absence {
            Absence::Perhaps if of_each != Absence::Perhaps => {
                Typed { absence: over.absence_of_all(), ..all }
            }
            _ => all,
        }
    }

    /// Infers `input^(terms)`. A single item is unwrapped, as at the end of a path.
    pub(super) fn sorted(&mut self, input: &AstNode, terms: &[(AstNode, bool)]) -> Typed {
        let given = self.given(input);
        let (item, most) = (given.shape.items(), given.shape.max_items());
        for (term, _) in terms {
            self.with_context(item.clone(), |inference| inference.given(term));
        }
        if item.is_never() { Typed::absent() } else { Typed::perhaps(Shape::one_or_several(item, most)) }
    }

    fn stages(&mut self, given: Typed, stages: &[Stage]) -> Typed {
        stages.iter().fold(given, |given, stage| match stage {
            Stage::KeepArray => given,
            Stage::Filter(filter) => self.filtered(given, filter),
            Stage::Index(_) => self.untyped("a path that binds its position"),
        })
    }

    fn filtered(&mut self, given: Typed, filter: &AstNode) -> Typed {
        let item = given.shape.items();
        if let Some(position) = position(filter) {
            return given.shape.at(position).or_absent(given.absence);
        }
        let condition = self.with_context(item.clone(), |inference| inference.asked_for(filter));
        let boolean =
            |alternative: &Alternative| matches!(alternative, Alternative::Scalar(Scalar::Boolean, _));
        if !condition.shape.alternatives().iter().all(boolean) {
            if !self.scope.gradual {
                return self.untyped("a filter that is neither a number nor a condition");
            }
            // A number selects a position, anything else counts as a condition.
            let selected = Shape::one_or_several(item, given.shape.max_items());
            let is_number = |alternative: &Alternative| match alternative {
                Alternative::Scalar(kind, _) => *kind == Scalar::Number,
                other => other.is_open() || matches!(other, Alternative::Array { .. }),
            };
            let numbers =
                |alternative: &Alternative| matches!(alternative, Alternative::Scalar(Scalar::Number, _));
            if condition.shape.alternatives().iter().all(numbers) {
                return Typed { shape: given.shape.items(), absence: Absence::Unknown };
            }
            let computed = condition.shape.alternatives().iter().any(is_number);
            let absence = if computed { Absence::Unknown } else { Absence::Perhaps };
            return Typed { shape: selected, absence };
        }
        Typed::perhaps(Shape::one_or_several(item, given.shape.max_items()))
    }
}

/// Returns the position that a filter selects: a number, rounded down.
fn position(filter: &AstNode) -> Option<i64> {
    let number = match filter {
        AstNode::Number(number) => *number,
        AstNode::Unary { operand, .. } => match operand.as_ref() {
            AstNode::Number(number) => -number,
            _ => return None,
        },
        _ => return None,
    };
    Some(number.floor() as i64)
}
