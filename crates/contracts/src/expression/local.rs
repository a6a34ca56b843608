//! Functions that an expression defines itself, and functions as values.

use std::collections::BTreeMap;
use std::sync::Arc;

use jsonata_core::ast::AstNode;

use super::functions;
use super::infer::Inference;
use crate::shape::{Shape, Typed};

/// How many calls of an expression's own functions are followed. A deeper one is recursive and yields something
/// unknown.
const DEEPEST: usize = 6;

/// A name that an expression has bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Local {
    /// The type of its value.
    pub typed: Typed,
    /// The function that it is, if it is one.
    function: Option<Arc<Closure>>,
}

/// A function with the names that it was defined with.
#[derive(Clone, Debug, PartialEq)]
struct Closure {
    params: Vec<String>,
    body: AstNode,
    locals: BTreeMap<String, Local>,
    item: Option<Shape>,
}

impl From<Typed> for Local {
    fn from(typed: Typed) -> Local {
        Local { typed, function: None }
    }
}

impl Inference<'_> {
    /// Returns the name bound to an expression. A function stays callable.
    pub(super) fn bound(&self, node: &AstNode, typed: Typed) -> Local {
        let function = match node {
            AstNode::Lambda { params, body, .. } => Some(Arc::new(Closure {
                params: params.clone(),
                body: body.as_ref().clone(),
                locals: self.scope.locals.clone(),
                item: self.scope.item.clone(),
            })),
            AstNode::Variable(name) => self.scope.locals.get(name).and_then(|local| local.function.clone()),
            _ => None,
        };
        Local { typed, function }
    }

    /// Returns whether an expression is a function rather than a value.
    pub(super) fn is_function(&self, node: &AstNode) -> bool {
        match node {
            AstNode::Lambda { .. } | AstNode::Transform { .. } => true,
            AstNode::Variable(name) => match self.scope.locals.get(name) {
                Some(local) => local.function.is_some(),
                None => !self.scope.variables.contains_key(name) && functions::is_known(name),
            },
            AstNode::Function { args, .. } | AstNode::Call { args, .. } => is_partial(args),
            AstNode::Block(expressions) => matches!(expressions.as_slice(), [only] if self.is_function(only)),
            _ => false,
        }
    }

    /// Infers the call of a name that the expression has bound. `None` if it has not.
    pub(super) fn call_local(&mut self, name: &str, args: &[AstNode]) -> Option<Typed> {
        let local = self.scope.locals.get(name)?.clone();
        let given: Vec<Local> = args.iter().map(|arg| self.argument(arg)).collect();
        Some(match &local.function {
            Some(function) => self.run(name, function, &given),
            // It came in as a parameter or as the result of a call.
            None => self.untyped(&format!("the result of ${name}, which is bound here,")),
        })
    }

    fn argument(&mut self, arg: &AstNode) -> Local {
        if self.is_function(arg) {
            let typed = Typed::always(self.scope.unknown());
            return self.bound(arg, typed);
        }
        let typed = self.given(arg);
        Local::from(typed)
    }

    fn run(&mut self, name: &str, function: &Closure, given: &[Local]) -> Typed {
        if self.depth >= DEEPEST {
            return self.untyped(&format!("the result of ${name}, which calls itself,"));
        }
        let mut locals = function.locals.clone();
        // A function may call itself by the name that it is bound to.
        if let Some(own) = self.scope.locals.get(name) {
            locals.entry(name.to_owned()).or_insert_with(|| own.clone());
        }
        for (index, param) in function.params.iter().enumerate() {
            let argument = given.get(index).cloned().unwrap_or_else(|| Local::from(Typed::absent()));
            locals.insert(param.clone(), argument);
        }
        let before = self.scope.clone();
        self.scope.locals = locals;
        self.scope.item.clone_from(&function.item);
        self.scope.facts.clear();
        self.depth += 1;
        let outcome = self.given(&function.body);
        self.depth -= 1;
        self.scope = before;
        outcome
    }

    /// Infers the call of an expression that is a function: `function($x) {…}(1)`.
    pub(super) fn call_value(&mut self, procedure: &AstNode, args: &[AstNode]) -> Typed {
        if is_partial(args) {
            return Typed::always(self.scope.unknown());
        }
        match super::facts::unwrapped(procedure) {
            lambda @ AstNode::Lambda { .. } => {
                let given: Vec<Local> = args.iter().map(|arg| self.argument(arg)).collect();
                let unknown = Typed::always(self.scope.unknown());
                match self.bound(lambda, unknown).function {
                    Some(function) => self.run("", &function, &given),
                    None => self.untyped("the call of a function"),
                }
            }
            AstNode::Variable(name) => functions::call(self, name, args),
            _ => self.untyped("the call of a computed function"),
        }
    }

    /// Infers `lhs ~> rhs`: a call with `lhs` as the first argument, or a function of two functions.
    pub(super) fn piped(&mut self, lhs: &AstNode, rhs: &AstNode) -> Typed {
        if self.is_function(lhs) && self.is_function(rhs) {
            return Typed::always(self.scope.unknown());
        }
        match super::facts::unwrapped(rhs) {
            AstNode::Function { name, args, .. } if is_partial(args) => {
                let filled = |arg: &AstNode| match arg {
                    AstNode::Placeholder => lhs.clone(),
                    other => other.clone(),
                };
                let args: Vec<AstNode> = args.iter().map(filled).collect();
                functions::call(self, name, &args)
            }
            AstNode::Function { name, args, .. } => {
                let args: Vec<AstNode> = std::iter::once(lhs.clone()).chain(args.iter().cloned()).collect();
                functions::call(self, name, &args)
            }
            AstNode::Variable(name) => functions::call(self, name, std::slice::from_ref(lhs)),
            lambda @ AstNode::Lambda { .. } => self.call_value(lambda, std::slice::from_ref(lhs)),
            _ => {
                self.given(lhs);
                self.untyped("`~>` to something other than a function's name")
            }
        }
    }

    /// Infers a function that is applied to each item: `function($item, $index, $array) {…}`.
    pub(super) fn apply(&mut self, function: &AstNode, over: &Shape) -> Typed {
        let given = [over.items(), Shape::integer_from(0), Shape::array(over.items(), over.max_items())];
        match function {
            AstNode::Lambda { params, body, .. } => {
                let locals = params.iter().cloned().zip(given.map(Typed::always));
                self.with_locals(locals, |inference| inference.given(body))
            }
            AstNode::Variable(name) if self.scope.locals.contains_key(name) => {
                match self.scope.locals.get(name).and_then(|local| local.function.clone()) {
                    Some(own) => {
                        let given = given.map(|shape| Local::from(Typed::always(shape)));
                        self.run(name, &own, &given)
                    }
                    None => self.untyped("a function that is not a literal"),
                }
            }
            AstNode::Variable(name) if functions::is_known(name) => {
                let item = ("item".to_owned(), Typed::always(over.items()));
                self.with_locals([item], |inference| {
                    functions::call(inference, name, &[AstNode::Variable("item".to_owned())])
                })
            }
            _ => self.untyped("a function that is not a literal"),
        }
    }
}

/// Returns whether arguments leave a place open, so that the call yields a function.
pub(super) fn is_partial(args: &[AstNode]) -> bool {
    args.iter().any(|arg| matches!(arg, AstNode::Placeholder))
}
