//! Stores the findings of states for reuse.
//!
//! The result of visiting a state depends only on the state, its environment, and the responses of [`Contracts`] during
//! the visit. All of this is stored with the result, which is reused when all of it is the same again. The walk returns
//! to most states at least once, and definitions that differ in one place share nearly all of their states.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::environment::Environment;
use super::{Inference, Transition};
use crate::contract::{Contracts, TaskContract};
use crate::machine::{Language, State};
use crate::shape::Shape;

/// The result of visiting a state with an environment.
#[derive(Debug)]
pub(super) struct Visit {
    /// The transitions from the state with their environments.
    pub(super) leads: Vec<Transition>,
    /// The output of an execution that ends in the state.
    pub(super) ends_with: Shape,
    /// The findings for the state and the states in it.
    pub(super) inference: Inference,
}

/// Everything that a visit depends on except the state's pointer and the contracts.
pub(super) struct Typed<'a> {
    pub(super) state: &'a State<'a>,
    pub(super) environment: &'a Environment,
    pub(super) context: &'a Shape,
    pub(super) outer: &'a BTreeSet<String>,
}

/// The stored visits of a walk, by the state's pointer.
#[derive(Debug, Default)]
pub struct Visits(HashMap<String, Vec<Remembered>>);

#[derive(Debug)]
struct Remembered {
    state: Map<String, Value>,
    around: Language,
    environment: Environment,
    context: Shape,
    outer: BTreeSet<String>,
    responses: Vec<(Question, Response)>,
    visit: Arc<Visit>,
}

impl Visits {
    fn find(&self, given: &Typed<'_>, asked: &Asked<'_>) -> Option<Arc<Visit>> {
        let same = |remembered: &&Remembered| {
            remembered.environment == *given.environment
                && remembered.context == *given.context
                && remembered.outer == *given.outer
                && remembered.around == given.state.around
                && remembered.state == *given.state.value
                && asked.has_same_responses(&remembered.responses)
        };
        let found = self.0.get(&given.state.pointer)?.iter().find(same)?;
        // The visit of an enclosing state depends on the same responses.
        asked.responses.borrow_mut().extend(found.responses.iter().cloned());
        Some(Arc::clone(&found.visit))
    }
}

/// The visits that a walk can reuse: those of an earlier walk and its own.
#[derive(Debug)]
pub(super) struct Memory<'a> {
    pub(super) earlier: &'a Visits,
    pub(super) own: RefCell<Visits>,
}

impl Memory<'_> {
    /// Returns the stored visit for the same dependencies, or makes the visit and stores it.
    pub(super) fn visit(
        &self,
        given: &Typed<'_>,
        asked: &Asked<'_>,
        visit: impl FnOnce() -> Visit,
    ) -> Arc<Visit> {
        let known = self.earlier.find(given, asked).or_else(|| self.own.borrow().find(given, asked));
        if let Some(known) = known {
            return known;
        }
        let before = asked.responses.borrow().len();
        let visit = Arc::new(visit());
        let remembered = Remembered {
            state: given.state.value.clone(),
            around: given.state.around,
            environment: given.environment.clone(),
            context: given.context.clone(),
            outer: given.outer.clone(),
            responses: asked.responses.borrow().get(before..).unwrap_or_default().to_vec(),
            visit: Arc::clone(&visit),
        };
        self.own.borrow_mut().0.entry(given.state.pointer.clone()).or_default().push(remembered);
        visit
    }
}

#[derive(Clone, Debug)]
enum Question {
    Task { resource: String, function: Option<String> },
    MachineInput(String),
    MachineOutput(String),
    Placeholder(String),
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Response {
    Task(Option<Arc<TaskContract>>),
    Schema(Option<Value>),
}

impl Question {
    fn ask(&self, contracts: &dyn Contracts) -> Response {
        match self {
            Question::Task { resource, function } => {
                Response::Task(contracts.task(resource, function.as_deref()))
            }
            Question::MachineInput(machine) => Response::Schema(contracts.machine_input(machine)),
            Question::MachineOutput(machine) => Response::Schema(contracts.machine_output(machine)),
            Question::Placeholder(name) => Response::Schema(contracts.placeholder(name)),
        }
    }
}

/// The contracts, together with the questions that were asked and their responses.
pub(super) struct Asked<'a> {
    contracts: &'a dyn Contracts,
    responses: RefCell<Vec<(Question, Response)>>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(contracts: &'a dyn Contracts) -> Asked<'a> {
        Asked { contracts, responses: RefCell::default() }
    }

    /// Returns why schemas of the responses cannot be used.
    pub(super) fn unusable(&self) -> BTreeSet<String> {
        let responses = self.responses.borrow();
        let sentence = |what: String, schema: &Value| {
            Some(format!("the schema of {what}: {}", crate::schema::unresolved(schema)?))
        };
        let schemas = responses.iter().flat_map(|(question, response)| match (question, response) {
            (_, Response::Task(Some(contract))) => {
                let name = &contract.name;
                let input = sentence(format!("the input of {name}"), &contract.input);
                vec![input, sentence(format!("the output of {name}"), &contract.output)]
            }
            (Question::MachineInput(machine), Response::Schema(Some(schema))) => {
                vec![sentence(format!("the input of {machine}"), schema)]
            }
            (Question::MachineOutput(machine), Response::Schema(Some(schema))) => {
                vec![sentence(format!("the output of {machine}"), schema)]
            }
            _ => Vec::new(),
        });
        schemas.flatten().collect()
    }

    fn has_same_responses(&self, responses: &[(Question, Response)]) -> bool {
        responses.iter().all(|(question, response)| question.ask(self.contracts) == *response)
    }

    fn ask(&self, question: Question) -> Response {
        let response = question.ask(self.contracts);
        self.responses.borrow_mut().push((question, response.clone()));
        response
    }

    pub(super) fn task(&self, resource: &str, function: Option<&str>) -> Option<Arc<TaskContract>> {
        let (resource, function) = (resource.to_owned(), function.map(str::to_owned));
        match self.ask(Question::Task { resource, function }) {
            Response::Task(contract) => contract,
            Response::Schema(_) => None,
        }
    }

    pub(super) fn machine_input(&self, state_machine: &str) -> Option<Value> {
        self.schema(Question::MachineInput(state_machine.to_owned()))
    }

    pub(super) fn machine_output(&self, state_machine: &str) -> Option<Value> {
        self.schema(Question::MachineOutput(state_machine.to_owned()))
    }

    pub(super) fn placeholder(&self, name: &str) -> Option<Value> {
        self.schema(Question::Placeholder(name.to_owned()))
    }

    fn schema(&self, question: Question) -> Option<Value> {
        match self.ask(question) {
            Response::Schema(schema) => schema,
            Response::Task(_) => None,
        }
    }
}
