//! A state machine as the checks see it: states with their pointers, and transitions between them.
//!
//! It is a view of the JSON, not a copy in typed structs. A definition with mistakes can be read too, and each check
//! reports mistakes in its own part. So nothing here fails: what is missing or invalid is `None` or left out.

use serde_json::{Map, Value};
use strum::{Display, EnumString};

/// A state machine, or a machine that is nested in a Map or Parallel.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine<'a> {
    /// The object that holds `StartAt` and `States`.
    pub value: &'a Map<String, Value>,
    /// JSON Pointer of the machine: empty for the outermost, else `/States/X/ItemProcessor` or `/States/X/Branches/0`.
    pub pointer: String,
    /// The language of states without a `QueryLanguage` of their own: that of the whole definition.
    pub language: Language,
}

/// The language in which a state selects and builds its data.
#[derive(Clone, Copy, Debug, Display, EnumString, Eq, Hash, PartialEq)]
pub enum Language {
    /// Paths, payload templates and intrinsic functions. It is the default.
    #[strum(serialize = "JSONPath")]
    JsonPath,
    /// Expressions, `{% … %}`.
    #[strum(serialize = "JSONata")]
    Jsonata,
}

impl Language {
    /// Returns the language that a `QueryLanguage` names. `None` if it is missing or names no language.
    fn named_by(field: Option<&Value>) -> Option<Language> {
        field?.as_str()?.parse().ok()
    }
}

impl<'a> Machine<'a> {
    /// Returns the machine of a whole definition. `None` if the definition is not an object.
    pub fn parse(definition: &'a Value) -> Option<Self> {
        let value = definition.as_object()?;
        let language = Language::named_by(value.get("QueryLanguage")).unwrap_or(Language::JsonPath);
        Some(Self { value, pointer: String::new(), language })
    }

    /// Returns the name of the first state.
    pub fn start_at(&self) -> Option<&'a str> {
        self.value.get("StartAt")?.as_str()
    }

    /// Returns the states of this machine without those of nested machines.
    pub fn states(&self) -> impl Iterator<Item = State<'a>> + use<'a> {
        let (pointer, around) = (format!("{}/States", self.pointer), self.language);
        let states = self.value.get("States").and_then(Value::as_object).into_iter().flatten();
        states.filter_map(move |(name, value)| {
            Some(State { name, value: value.as_object()?, pointer: join(&pointer, name), around })
        })
    }

    /// Returns the state of this name.
    pub fn state(&self, name: &str) -> Option<State<'a>> {
        let (name, value) = self.value.get("States")?.as_object()?.get_key_value(name)?;
        let pointer = join(&format!("{}/States", self.pointer), name);
        Some(State { name, value: value.as_object()?, pointer, around: self.language })
    }

    /// Returns this machine and all nested ones, outermost first. Use it for checks of one machine at a time.
    pub fn with_nested(&self) -> Vec<Machine<'a>> {
        let mut found = vec![self.clone()];
        for state in self.states() {
            found.extend(state.nested().iter().flat_map(Machine::with_nested));
        }
        found
    }

    /// Returns the pointer of a field of the machine.
    pub fn at(&self, field: &str) -> String {
        join(&self.pointer, field)
    }
}

/// One state.
#[derive(Clone, Debug, PartialEq)]
pub struct State<'a> {
    /// The name of the state.
    pub name: &'a str,
    /// The object of the state.
    pub value: &'a Map<String, Value>,
    /// JSON Pointer of the state, escaped as in RFC 6901.
    pub pointer: String,
    /// The language of the whole definition.
    pub around: Language,
}

/// The eight types of state.
#[derive(Clone, Copy, Debug, Display, EnumString, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// Does work.
    Task,
    /// Passes data on or produces it.
    Pass,
    /// Chooses the next state by conditions.
    Choice,
    /// Waits for some seconds or until a time.
    Wait,
    /// Ends the machine with success.
    Succeed,
    /// Ends the machine with a failure.
    Fail,
    /// Runs several machines concurrently.
    Parallel,
    /// Runs one machine for each item.
    Map,
}

impl<'a> State<'a> {
    /// Returns the type of the state, if it is one of the eight.
    pub fn kind(&self) -> Option<Kind> {
        self.field("Type")?.as_str()?.parse().ok()
    }

    /// Returns the language of the state: its own, or that of the whole definition.
    ///
    /// The language of the state around it does not count: the developer guide names only the top level as the default.
    pub fn language(&self) -> Language {
        Language::named_by(self.field("QueryLanguage")).unwrap_or(self.around)
    }

    /// Returns the name of the field that holds what a task passes on.
    pub fn arguments_field(&self) -> &'static str {
        match self.language() {
            Language::JsonPath => "Parameters",
            Language::Jsonata => "Arguments",
        }
    }

    /// Returns what a task passes on: `Arguments`, or `Parameters` in JSONPath.
    pub fn arguments(&self) -> Option<&'a Value> {
        self.field(self.arguments_field())
    }

    /// Returns a field of the state.
    pub fn field(&self, name: &str) -> Option<&'a Value> {
        self.value.get(name)
    }

    /// Returns the pointer of a field of the state, whether or not the field exists.
    pub fn at(&self, field: &str) -> String {
        join(&self.pointer, field)
    }

    /// Returns the machines in a Map or Parallel.
    pub fn nested(&self) -> Vec<Machine<'a>> {
        match self.kind() {
            Some(Kind::Map) => {
                // Iterator is the older name, which JSONPath still has.
                let names = ["ItemProcessor", "Iterator"].into_iter();
                let machine = |name| {
                    let value = self.field(name)?.as_object()?;
                    Some(Machine { value, pointer: self.at(name), language: self.around })
                };
                names.filter_map(machine).collect()
            }
            Some(Kind::Parallel) => {
                let machine = |(index, value)| Machine {
                    value,
                    pointer: join(&self.at("Branches"), &usize::to_string(&index)),
                    language: self.around,
                };
                let branches = list(self.field("Branches"));
                branches.filter_map(|(index, value)| Some((index, value.as_object()?))).map(machine).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns all transitions from this state to others of the same machine, including those to states that do not
    /// exist.
    pub fn transitions(&self) -> Vec<Transition<'a>> {
        let mut found = Vec::new();
        let mut add = |holder: Option<&'a Value>, pointer: String, by: By| {
            found.extend(holder.and_then(Value::as_str).map(|to| Transition { to, pointer, by }));
        };
        match self.kind() {
            Some(Kind::Choice) => {
                for (index, rule) in list(self.field("Choices")) {
                    let pointer = format!("{}/{index}/Next", self.at("Choices"));
                    add(rule.get("Next"), pointer, By::Choice(index));
                }
                add(self.field("Default"), self.at("Default"), By::Default);
            }
            Some(Kind::Succeed | Kind::Fail) | None => {}
            Some(kind) => {
                add(self.field("Next"), self.at("Next"), By::Next);
                if matches!(kind, Kind::Task | Kind::Map | Kind::Parallel) {
                    for (index, catcher) in list(self.field("Catch")) {
                        let pointer = format!("{}/{index}/Next", self.at("Catch"));
                        add(catcher.get("Next"), pointer, By::Catch(index));
                    }
                }
            }
        }
        found
    }

    /// Returns whether the machine can end in this state other than by an error of the engine.
    pub fn is_end(&self) -> bool {
        match self.kind() {
            Some(Kind::Succeed | Kind::Fail) => true,
            Some(Kind::Choice) | None => false,
            Some(_) => self.field("End") == Some(&Value::Bool(true)),
        }
    }
}

/// A transition from a state to another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Transition<'a> {
    /// The name of the target state.
    pub to: &'a str,
    /// JSON Pointer of that name.
    pub pointer: String,
    /// The condition of the transition.
    pub by: By,
}

/// The condition of a transition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum By {
    /// The state is done.
    Next,
    /// No rule of a Choice matches.
    Default,
    /// The rule of a Choice with this index is the first that matches.
    Choice(usize),
    /// The catcher with this index is the first that matches an error.
    Catch(usize),
}

/// Returns a pointer with one more token, which is escaped.
pub fn join(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}

fn list(value: Option<&Value>) -> impl Iterator<Item = (usize, &Value)> {
    value.and_then(Value::as_array).into_iter().flatten().enumerate()
}
