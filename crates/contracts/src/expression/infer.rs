//! Infers the type of each form of expression.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage, UnaryOp};
use serde_json::{Map, Value, json};

use super::{Scope, functions, narrowed};
use crate::diagnostic::{Code, Diagnostic};
use crate::shape::{Alternative, Object, Scalar, Shape, Typed};

pub(super) struct Inference<'a> {
    pub(super) scope: Scope,
    pointer: &'a str,
    found: &'a mut Vec<Diagnostic>,
}

impl<'a> Inference<'a> {
    pub(super) fn new(scope: &Scope, pointer: &'a str, found: &'a mut Vec<Diagnostic>) -> Inference<'a> {
        Inference { scope: scope.clone(), pointer, found }
    }

    pub(super) fn report(&mut self, code: Code, message: impl Into<String>) {
        self.found.push(Diagnostic::new(code, self.pointer, message));
    }

    pub(super) fn report_with_help(&mut self, code: Code, message: impl Into<String>, help: &str) {
        self.found.push(Diagnostic::new(code, self.pointer, message).help(help));
    }

    /// Adds a finding from elsewhere at the pointer of this expression.
    pub(super) fn found(&mut self, finding: Diagnostic) {
        self.found.push(Diagnostic { pointer: self.pointer.to_owned(), ..finding });
    }

    pub(super) fn untyped(&mut self, what: &str) -> Typed {
        let finding =
            Diagnostic::new(Code::UntypedExpression, self.pointer, format!("{what} cannot be typed"));
        self.found.push(finding.help("write it so that it can be typed, or move it into the function"));
        Typed::always(Shape::any())
    }

    /// Infers an expression that must have a value.
    pub(super) fn value(&mut self, node: &AstNode) -> Shape {
        let before = self.found.len();
        let given = self.given(node);
        if given.perhaps_absent && self.found.len() == before {
            let shown = shown(node);
            if given.shape.is_never() {
                self.report(Code::UnknownField, format!("{shown} never exists"));
            } else {
                let finding =
                    Diagnostic::new(Code::PerhapsAbsentField, self.pointer, format!("{shown} may be absent"));
                self.found.push(finding.help(format!("test it first: $exists({shown}) ? {shown} : …")));
            }
        }
        given.shape
    }

    pub(super) fn given(&mut self, node: &AstNode) -> Typed {
        match node {
            AstNode::String(text) if text.contains("${") => Typed::always(Shape::string()),
            AstNode::String(text) => Typed::always(Shape::constant(&json!(text))),
            AstNode::Number(number) => Typed::always(Shape::constant(&number_value(*number))),
            AstNode::Boolean(boolean) => Typed::always(Shape::constant(&json!(boolean))),
            AstNode::Null => Typed::always(Shape::constant(&Value::Null)),
            AstNode::Undefined => Typed::absent(),
            AstNode::Variable(name) => self.variable(name),
            AstNode::Path { steps } => self.path(steps),
            AstNode::Name(name) => self.name(name),
            AstNode::Array(items) | AstNode::ArrayGroup(items) => self.array(items),
            AstNode::Object(fields) => self.object(fields),
            AstNode::Binary { op, lhs, rhs } => self.binary(*op, lhs, rhs),
            AstNode::Unary { op, operand } => self.unary(*op, operand),
            AstNode::Conditional { condition, then_branch, else_branch } => {
                self.conditional(condition, then_branch, else_branch.as_deref())
            }
            AstNode::Block(expressions) => self.block(expressions),
            AstNode::FunctionApplication(inner) => self.given(inner),
            AstNode::Function { name, args, .. } => functions::call(self, name, args),
            AstNode::Sort { input, terms } => self.sorted(input, terms),
            _ => self.untyped("this form of expression"),
        }
    }

    fn variable(&mut self, name: &str) -> Typed {
        if name.is_empty() {
            return self.scope.item.clone().map_or_else(|| self.untyped("`$`"), Typed::always);
        }
        if let Some(given) = self.scope.locals.get(name) {
            return given.clone();
        }
        if name == "states" {
            return Typed::always(self.states());
        }
        match self.scope.variables.get(name) {
            Some(variable) if variable.certain => Typed::always(variable.shape.clone()),
            Some(variable) => {
                let shape = variable.shape.clone();
                self.report(
                    Code::PerhapsUnassignedVariable,
                    format!("${name} is not assigned on every path to here"),
                );
                Typed::always(shape)
            }
            None => {
                self.report(Code::UnassignedVariable, format!("${name} is assigned on no path to here"));
                Typed::always(Shape::any())
            }
        }
    }

    /// Returns the shape of `$states`. It has only the fields that exist here.
    fn states(&self) -> Shape {
        let scope = &self.scope;
        let fields = [
            ("input", Some(scope.input.clone())),
            ("result", scope.result.clone()),
            ("errorOutput", scope.error_output.clone()),
            ("context", Some(scope.context.clone())),
        ];
        let available =
            fields.into_iter().filter_map(|(name, shape)| Some((name.to_owned(), Typed::always(shape?))));
        Shape::object(Object::from_fields(available))
    }

    fn name(&mut self, name: &str) -> Typed {
        match &self.scope.item {
            Some(item) => item.field(name),
            // Step Functions has no document at the top of an expression: `foo` is nothing.
            None => Typed::absent(),
        }
    }

    fn path(&mut self, steps: &[PathStep]) -> Typed {
        let Some((first, rest)) = steps.split_first() else { return Typed::absent() };
        if let (AstNode::Variable(name), Some(second)) = (&first.node, rest.first())
            && name == "states"
            && let AstNode::Name(field) = &second.node
        {
            let missing = match field.as_str() {
                "result" => self.scope.result.is_none(),
                "errorOutput" => self.scope.error_output.is_none(),
                "input" | "context" => false,
                other => {
                    self.report(
                        Code::UnknownField,
                        format!(
                            "$states has no `{other}`: its fields are input, result, errorOutput and context"
                        ),
                    );
                    return Typed::always(Shape::any());
                }
            };
            if missing {
                self.report(Code::StatesFieldUnavailable, format!("$states.{field} does not exist here"));
                return Typed::always(Shape::any());
            }
        }
        let keep_array = steps.iter().any(|step| step.stages.contains(&Stage::KeepArray));
        let mut given = self.given(&first.node);
        given = self.stages(given, &first.stages);
        let mut path = shown(&first.node);
        for step in rest {
            if step.focus.is_some() || step.index_var.is_some() || step.is_tuple {
                return self.untyped("a path that binds variables");
            }
            path = format!("{path}.{}", shown(&step.node));
            let before = given.clone();
            given = match &step.node {
                AstNode::Name(name) | AstNode::String(name) if several(&before.shape) => {
                    // Brackets after a name apply to the field of each item.
                    let of_item = before.shape.items().field(name);
                    self.stages(of_item, &step.stages).over_items(before.shape.max_items())
                }
                AstNode::Name(name) | AstNode::String(name) => before.shape.field(name),
                node @ (AstNode::FunctionApplication(_) | AstNode::Object(_)) => {
                    self.each_item(&before.shape, node, &step.stages)
                }
                _ => return self.untyped("a step of a path that is neither a name nor (…)"),
            };
            given.perhaps_absent |= before.perhaps_absent;
            if given.shape.is_never() && !before.shape.is_never() {
                self.report(Code::UnknownField, format!("{path} never exists"));
                return Typed::perhaps(Shape::any());
            }
            if !several(&before.shape) {
                given = self.stages(given, &step.stages);
            }
        }
        if keep_array {
            let array = Shape::array(given.shape.items(), given.shape.max_items());
            // `$x[]` without a step leaves a value that is no list unchanged.
            given.shape = if rest.is_empty() { given.shape.or(array) } else { array };
        }
        given
    }

    /// Infers a step that is computed for each item. A list that it yields becomes part of the path's list, and a
    /// single item is unwrapped. The same holds for a single input.
    fn each_item(&mut self, over: &Shape, node: &AstNode, stages: &[Stage]) -> Typed {
        let given = self.with_context(over.items(), |inference| inference.given(node));
        let given = self.stages(given, stages);
        let lists = several(over) || several(&given.shape);
        if lists { given.over_items(over.max_items()) } else { given }
    }

    /// Infers `input^(terms)`. A single item is unwrapped, as at the end of a path.
    fn sorted(&mut self, input: &AstNode, terms: &[(AstNode, bool)]) -> Typed {
        let given = self.given(input);
        let (item, most) = (given.shape.items(), given.shape.max_items());
        for (term, _) in terms {
            self.with_context(item.clone(), |inference| inference.given(term));
        }
        if item.is_never() {
            Typed::absent()
        } else {
            Typed::perhaps(item.clone().or(Shape::array(item, most)))
        }
    }

    fn stages(&mut self, given: Typed, stages: &[Stage]) -> Typed {
        stages.iter().fold(given, |given, stage| match stage {
            Stage::KeepArray => given,
            Stage::Filter(filter) => {
                let item = given.shape.items();
                let by_index = matches!(**filter, AstNode::Number(_) | AstNode::Unary { .. });
                if by_index {
                    return Typed::perhaps(item);
                }
                let condition = self.with_context(item.clone(), |inference| inference.given(filter));
                if !condition
                    .shape
                    .alternatives()
                    .iter()
                    .all(|alternative| matches!(alternative, Alternative::Scalar(Scalar::Boolean, _)))
                {
                    return self.untyped("a filter that is neither a number nor a condition");
                }
                Typed::perhaps(item.clone().or(Shape::array(item, given.shape.max_items())))
            }
            Stage::Index(_) => self.untyped("a path that binds its position"),
        })
    }

    /// Returns whether a literal list has an item that is always present.
    pub(super) fn is_never_empty(&self, list: &AstNode) -> bool {
        let AstNode::Array(items) = list else { return false };
        items.iter().any(|item| {
            // Findings are dropped here. They are reported where the list is typed.
            let mut dropped = Vec::new();
            let given = Inference::new(&self.scope, self.pointer, &mut dropped).given(item);
            dropped.is_empty() && !given.perhaps_absent && !several(&given.shape)
        })
    }

    pub(super) fn with_context<T>(&mut self, context: Shape, infer: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.scope.item.replace(context);
        let outcome = infer(self);
        self.scope.item = before;
        outcome
    }

    pub(super) fn with_locals<T>(
        &mut self,
        locals: impl IntoIterator<Item = (String, Typed)>,
        infer: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.scope.locals.clone();
        self.scope.locals.extend(locals);
        let outcome = infer(self);
        self.scope.locals = before;
        outcome
    }

    fn array(&mut self, items: &[AstNode]) -> Typed {
        let mut shape = Shape::never();
        let mut most = Some(0_u64);
        for item in items {
            if let AstNode::Binary { op: BinaryOp::Range, lhs, rhs } = item {
                self.operand(lhs, Scalar::Number, "a range");
                self.operand(rhs, Scalar::Number, "a range");
                shape = shape.or(Shape::from_schema(&json!({ "type": "integer" })));
                most = None;
                continue;
            }
            let given = self.given(item);
            // A constructor leaves literal arrays nested, but flattens the values of a path.
            let literal = matches!(item, AstNode::Array(_) | AstNode::ArrayGroup(_));
            let (part, parts) =
                if literal { (given.shape, Some(1)) } else { (given.shape.items(), given.shape.max_items()) };
            shape = shape.or(part);
            most = most.zip(parts).map(|(so_far, more)| so_far + more);
        }
        Typed::always(Shape::array(shape, most))
    }

    fn object(&mut self, fields: &[(AstNode, AstNode)]) -> Typed {
        let mut object = Object::default();
        for (key, value) in fields {
            let AstNode::String(name) = key else { return self.untyped("an object with a computed name") };
            let given = self.given(value);
            object = object.merged_with(&Object::from_fields([(name.clone(), given)]));
        }
        Typed::always(Shape::object(object))
    }

    /// Infers an operand that must be present and of one type.
    pub(super) fn operand(&mut self, node: &AstNode, scalar: Scalar, of: &str) -> Shape {
        let shape = self.value(node);
        let fits = |alternative: &Alternative| match alternative {
            Alternative::Any => true,
            Alternative::Scalar(kind, _) => *kind == scalar,
            _ => false,
        };
        if !shape.is_never() && !shape.alternatives().iter().all(fits) {
            let message = format!("{} of {of} is not always a {}", shown(node), scalar.as_str());
            let finding = Diagnostic::new(Code::WrongArgument, self.pointer, message);
            self.found.push(finding.produced(shape.to_schema().to_string()));
        }
        shape
    }

    fn binary(&mut self, op: BinaryOp, lhs: &AstNode, rhs: &AstNode) -> Typed {
        match op {
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => {
                let left = self.operand(lhs, Scalar::Number, "arithmetic");
                let right = self.operand(rhs, Scalar::Number, "arithmetic");
                Typed::always(computed(op, &left, &right))
            }
            BinaryOp::Concatenate => {
                self.value(lhs);
                self.value(rhs);
                Typed::always(Shape::string())
            }
            BinaryOp::Equal | BinaryOp::NotEqual => {
                self.compared(lhs, rhs, false);
                Typed::always(Shape::boolean())
            }
            BinaryOp::LessThan
            | BinaryOp::LessThanOrEqual
            | BinaryOp::GreaterThan
            | BinaryOp::GreaterThanOrEqual => {
                self.compared(lhs, rhs, true);
                Typed::always(Shape::boolean())
            }
            BinaryOp::And | BinaryOp::Or => {
                self.condition(lhs);
                // The second operand is evaluated only if the first did not decide.
                let before = self.scope.clone();
                self.scope = narrowed(&before, lhs, op == BinaryOp::And);
                self.condition(rhs);
                self.scope = before;
                Typed::always(Shape::boolean())
            }
            BinaryOp::In => {
                self.value(lhs);
                self.value(rhs);
                Typed::always(Shape::boolean())
            }
            BinaryOp::ColonEqual => {
                let given = self.given(rhs);
                if let AstNode::Variable(name) = lhs {
                    self.scope.locals.insert(name.clone(), given.clone());
                }
                given
            }
            BinaryOp::ChainPipe => match rhs {
                AstNode::Function { name, args, .. } => {
                    let args: Vec<AstNode> =
                        std::iter::once(lhs.clone()).chain(args.iter().cloned()).collect();
                    functions::call(self, name, &args)
                }
                AstNode::Variable(name) => functions::call(self, name, std::slice::from_ref(lhs)),
                _ => self.untyped("`~>` to something other than a function's name"),
            },
            _ => self.untyped("this operator"),
        }
    }

    /// Infers an operand of `and`, `or`, `? :` or `$not`, which must be a boolean here. JSONata allows any value and
    /// casts it in surprising ways.
    pub(super) fn condition(&mut self, node: &AstNode) {
        let shape = self.value(node);
        let boolean = |alternative: &Alternative| {
            matches!(alternative, Alternative::Any | Alternative::Scalar(Scalar::Boolean, _))
        };
        if !shape.alternatives().iter().all(boolean) {
            let message = format!("{} is not always true or false", shown(node));
            let finding = Diagnostic::new(Code::ConditionNotBoolean, self.pointer, message);
            self.found.push(finding.produced(shape.to_schema().to_string()));
        }
    }

    fn compared(&mut self, lhs: &AstNode, rhs: &AstNode, ordered: bool) {
        let (left, right) = (self.value(lhs), self.value(rhs));
        if left.holds_any() || right.holds_any() || left.is_never() || right.is_never() {
            return;
        }
        let kinds = |shape: &Shape| -> Vec<&'static str> {
            shape
                .alternatives()
                .iter()
                .map(|alternative| match alternative {
                    Alternative::Scalar(kind, _) => kind.as_str(),
                    Alternative::Array { .. } => "array",
                    Alternative::Object(_) => "object",
                    Alternative::Any => "anything",
                })
                .collect()
        };
        let (left_kinds, right_kinds) = (kinds(&left), kinds(&right));
        let wrong = if ordered {
            let of = |kind: &str| left_kinds.iter().chain(&right_kinds).all(|found| *found == kind);
            !of("number") && !of("string")
        } else {
            !left.alternatives().iter().any(|one| right.alternatives().iter().any(|two| may_equal(one, two)))
        };
        if wrong {
            let how = if ordered { "ordered" } else { "equal" };
            let message = format!("{} and {} can never be {how}", shown(lhs), shown(rhs));
            let produced = format!("{} and {}", left.to_schema(), right.to_schema());
            self.found
                .push(Diagnostic::new(Code::ComparedTypesDiffer, self.pointer, message).produced(produced));
        }
    }

    fn unary(&mut self, op: UnaryOp, operand: &AstNode) -> Typed {
        match (op, operand) {
            (UnaryOp::Negate, AstNode::Number(number)) => {
                Typed::always(Shape::constant(&number_value(-number)))
            }
            (UnaryOp::Negate, _) => {
                self.operand(operand, Scalar::Number, "a negation");
                Typed::always(Shape::number())
            }
            (UnaryOp::Not, _) => {
                self.condition(operand);
                Typed::always(Shape::boolean())
            }
        }
    }

    fn conditional(&mut self, condition: &AstNode, then: &AstNode, otherwise: Option<&AstNode>) -> Typed {
        self.condition(condition);
        let before = self.scope.clone();
        self.scope = narrowed(&before, condition, true);
        let then = self.given(then);
        self.scope = narrowed(&before, condition, false);
        let otherwise = otherwise.map_or_else(Typed::absent, |node| self.given(node));
        self.scope = before;
        then.or(otherwise)
    }

    fn block(&mut self, expressions: &[AstNode]) -> Typed {
        let before = self.scope.locals.clone();
        let given = expressions.iter().fold(Typed::absent(), |_, expression| self.given(expression));
        self.scope.locals = before;
        given
    }
}

/// Returns whether a step of a path applies to the items of the value before it.
fn several(shape: &Shape) -> bool {
    let is_several =
        |alternative: &Alternative| matches!(alternative, Alternative::Array { .. } | Alternative::Any);
    shape.alternatives().iter().any(is_several)
}

/// Infers arithmetic. Integers remain integers if the operation allows it, so that a counter is one. A lower bound
/// stays 0 and does not grow, because a loop would never reach its fixed point otherwise.
fn computed(op: BinaryOp, left: &Shape, right: &Shape) -> Shape {
    let every = |is: &dyn Fn(&Map<String, Value>) -> bool| {
        let mut all = left.alternatives().iter().chain(right.alternatives());
        all.all(|alternative| match alternative {
            Alternative::Scalar(Scalar::Number, facets) => is(facets),
            _ => false,
        })
    };
    let whole = |facets: &Map<String, Value>| {
        facets.get("type").is_some_and(|kind| kind == "integer")
            || facets.get("const").is_some_and(Value::is_i64)
    };
    let from_zero = |facets: &Map<String, Value>| {
        let least = facets.get("minimum").or(facets.get("const")).and_then(Value::as_f64);
        least.is_some_and(|least| least >= 0.0)
    };
    let keeps = matches!(op, BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply);
    match (keeps && every(&whole), op != BinaryOp::Subtract && every(&from_zero)) {
        (true, true) => Shape::integer_from(0),
        (true, false) => Shape::from_schema(&json!({ "type": "integer" })),
        (false, _) => Shape::number(),
    }
}

/// Returns whether the two alternatives may have a value in common.
fn may_equal(one: &Alternative, two: &Alternative) -> bool {
    match (one, two) {
        (Alternative::Any, _) | (_, Alternative::Any) => true,
        (Alternative::Scalar(kind, facets), Alternative::Scalar(other, others)) => {
            let constants = facets.get("const").zip(others.get("const"));
            kind == other && constants.is_none_or(|(constant, other)| constant == other)
        }
        (Alternative::Array { .. }, Alternative::Array { .. }) => true,
        (Alternative::Object(_), Alternative::Object(_)) => true,
        _ => false,
    }
}

fn number_value(number: f64) -> Value {
    // Whole numbers become JSON integers, so that a schema sees them as integers.
    let whole = number as i64;
    if whole as f64 == number { json!(whole) } else { json!(number) }
}

/// Formats an expression for messages. Parts other than names, constants, paths and calls become `(…)`.
pub(super) fn shown(node: &AstNode) -> String {
    match node {
        AstNode::Variable(name) => format!("${name}"),
        AstNode::Name(name) => name.clone(),
        AstNode::String(text) => format!("'{text}'"),
        AstNode::Number(number) => number_value(*number).to_string(),
        AstNode::Boolean(boolean) => boolean.to_string(),
        AstNode::Null => "null".to_owned(),
        AstNode::Path { steps } => steps.iter().map(|step| shown(&step.node)).collect::<Vec<_>>().join("."),
        AstNode::Function { name, args, .. } => {
            let args: Vec<String> = args.iter().map(shown).collect();
            format!("${name}({})", args.join(", "))
        }
        _ => "(…)".to_owned(),
    }
}
