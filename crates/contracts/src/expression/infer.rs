//! Infers the type of each form of expression.

use jsonata_core::ast::{AstNode, BinaryOp};
use serde_json::{Value, json};

use super::local::{Local, is_partial};
use super::numbers::number_value;
use super::text::PLACEHOLDER;
use super::{Scope, functions};
use crate::diagnostic::{Code, Diagnostic};
use crate::shape::{Absence, Alternative, Object, Scalar, Shape, Typed};

pub(super) struct Inference<'a> {
    pub(super) scope: Scope,
    /// How many calls of the expression's own functions are being followed.
    pub(super) depth: usize,
    pointer: &'a str,
    found: &'a mut Vec<Diagnostic>,
}

impl<'a> Inference<'a> {
    pub(super) fn new(scope: &Scope, pointer: &'a str, found: &'a mut Vec<Diagnostic>) -> Inference<'a> {
        Inference { scope: scope.clone(), depth: 0, pointer, found }
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

    /// Returns the number of findings.
    pub(super) fn findings(&self) -> usize {
        self.found.len()
    }

    /// Returns the findings after the first ones.
    pub(super) fn findings_since(&mut self, before: usize) -> impl Iterator<Item = &mut Diagnostic> {
        self.found.iter_mut().skip(before)
    }

    /// Infers an expression without keeping its findings. Use it where it is typed elsewhere.
    pub(super) fn quietly(&self, node: &AstNode) -> Typed {
        let mut dropped = Vec::new();
        let mut inference = Inference::new(&self.scope, self.pointer, &mut dropped);
        inference.depth = self.depth;
        inference.given(node)
    }

    /// Returns the type of what is not followed. A strict check reports it.
    pub(super) fn untyped(&mut self, what: &str) -> Typed {
        if self.scope.gradual {
            return Typed::unknown();
        }
        let finding =
            Diagnostic::new(Code::UntypedExpression, self.pointer, format!("{what} cannot be typed"));
        self.found.push(finding.help("write it so that it can be typed, or move it into the function"));
        Typed::always(Shape::any())
    }

    /// Returns the type of something that was reported, so that nothing more is reported about it.
    pub(super) fn reported(&self) -> Typed {
        Typed::unknown()
    }

    pub(super) fn given(&mut self, node: &AstNode) -> Typed {
        let given = self.by_form(node);
        self.scope.with_facts(node, given)
    }

    fn by_form(&mut self, node: &AstNode) -> Typed {
        match node {
            AstNode::String(text) if text.contains("${") => {
                let text = Shape::string();
                Typed::always(if self.scope.gradual { text.uncertain() } else { text })
            }
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
            AstNode::Function { args, .. } if is_partial(args) => Typed::always(self.scope.unknown()),
            AstNode::Function { name, is_builtin: false, .. } => {
                let message = format!("{name}(…) is not the call of a function: their names begin with $");
                self.report_with_help(Code::UnknownFunction, message, &format!("write ${name}(…)"));
                self.reported()
            }
            AstNode::Function { name, args, .. } => functions::call(self, name, args),
            AstNode::Call { procedure, args } => self.call_value(procedure, args),
            AstNode::Sort { input, terms } => self.sorted(input, terms),
            AstNode::Lambda { .. } if self.scope.gradual => Typed::always(Shape::unknown()),
            _ => self.untyped("this form of expression"),
        }
    }

    fn variable(&mut self, name: &str) -> Typed {
        if name.is_empty() {
            return self.scope.item.clone().map_or_else(|| self.untyped("`$`"), Typed::always);
        }
        if let Some(local) = self.scope.locals.get(name) {
            return local.typed.clone();
        }
        if name == "states" {
            return Typed::always(self.states());
        }
        if name.starts_with(PLACEHOLDER) {
            return Typed::always(self.scope.unknown());
        }
        match self.scope.variables.get(name) {
            Some(variable) => variable.typed(),
            None if functions::is_known(name) => Typed::always(self.scope.unknown()),
            None => {
                let names = self.scope.variables.keys().map(String::as_str);
                let meant =
                    crate::suggestion::closest(name, names).map(|meant| format!("did you mean ${meant}?"));
                let message = format!("${name} is assigned on no path to here");
                match meant {
                    Some(help) => self.report_with_help(Code::UnassignedVariable, message, &help),
                    None => self.report(Code::UnassignedVariable, message),
                }
                self.reported()
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
        Shape::object(Object::of(fields.into_iter().filter_map(|(name, shape)| Some((name, shape?)))))
    }

    fn name(&mut self, name: &str) -> Typed {
        match &self.scope.item {
            Some(item) => item.field(name),
            // Step Functions has no document at the top of an expression: `foo` is nothing.
            None => Typed::absent(),
        }
    }

    pub(super) fn with_context<T>(&mut self, context: Shape, infer: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.scope.item.replace(context);
        let facts = self.scope.facts.clone();
        self.scope.forget_item();
        let outcome = infer(self);
        self.scope.item = before;
        self.scope.facts = facts;
        outcome
    }

    pub(super) fn with_locals<T>(
        &mut self,
        locals: impl IntoIterator<Item = (String, Typed)>,
        infer: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let (before, facts) = (self.scope.locals.clone(), self.scope.facts.clone());
        for (name, typed) in locals {
            self.bind(name, Local::from(typed));
        }
        let outcome = infer(self);
        self.scope.locals = before;
        self.scope.facts = facts;
        outcome
    }

    /// Binds a name to a value from here on.
    pub(super) fn bind(&mut self, name: String, local: Local) {
        self.scope.forget(&name);
        self.scope.locals.insert(name, local);
    }

    fn array(&mut self, items: &[AstNode]) -> Typed {
        let mut shape = Shape::never();
        let mut least = 0_u64;
        let mut most = Some(0_u64);
        // The positions are known as long as each item is exactly one.
        let mut first: Option<Vec<Shape>> = Some(Vec::new());
        for item in items {
            if let AstNode::Binary { op: BinaryOp::Range, lhs, rhs } = item {
                let from = self.operand(lhs, Scalar::Number, "a range").shape;
                let to = self.operand(rhs, Scalar::Number, "a range").shape;
                let integer = Shape::from_schema(&json!({ "type": "integer" }));
                let unknown = from.holds_unknown() || to.holds_unknown();
                shape = shape.or(if unknown { integer.or(Shape::unknown()) } else { integer });
                let count = length_of_range(&from, &to);
                least += count.unwrap_or_default();
                most = most.zip(count).map(|(so_far, more)| so_far + more);
                first = None;
                continue;
            }
            let given = self.given(item);
            // A constructor leaves literal arrays nested, but flattens the values of a path.
            let literal = matches!(item, AstNode::Array(_) | AstNode::ArrayGroup(_));
            let (part, fewest, parts) = if literal {
                (given.shape, 1, Some(1))
            } else {
                (given.shape.items(), given.shape.min_items(), given.shape.max_items())
            };
            let is_there = given.absence == Absence::Never;
            first = first.filter(|_| is_there && fewest == 1 && parts == Some(1)).map(|mut first| {
                first.push(part.clone());
                first
            });
            shape = shape.or(part);
            least += if is_there { fewest } else { 0 };
            most = most.zip(parts).map(|(so_far, more)| so_far + more);
        }
        if let Some(first) = first {
            return Typed::always(Shape::tuple(first));
        }
        Typed::always(Shape::array(shape, most).with_least_items(least))
    }

    fn object(&mut self, fields: &[(AstNode, AstNode)]) -> Typed {
        let mut object = Object::default();
        let mut computed = Shape::never();
        for (key, value) in fields {
            let AstNode::String(name) = key else {
                if !self.scope.gradual {
                    return self.untyped("an object with a computed name");
                }
                self.given(key);
                computed = computed.or(self.given(value).shape).or(Shape::unknown());
                continue;
            };
            let given = self.given(value);
            object = object.merged_with(&Object::from_fields([(name.clone(), given)]));
        }
        object.rest = Some(Box::new(computed)).filter(|rest| !rest.is_never());
        Typed::always(Shape::object(object))
    }
}

/// Returns the number of items of a range between constants.
fn length_of_range(from: &Shape, to: &Shape) -> Option<u64> {
    let constant = |shape: &Shape| match shape.alternatives() {
        [Alternative::Scalar(Scalar::Number, facets)] => facets.get("const").and_then(Value::as_i64),
        _ => None,
    };
    let (from, to) = (constant(from)?, constant(to)?);
    Some(u64::try_from(to.saturating_sub(from).saturating_add(1)).unwrap_or_default())
}
