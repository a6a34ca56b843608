//! A state machine as the checks see it: states with the place where they stand, and what leads where.
//!
//! It is a view of the JSON, not a copy in types: a definition that is wrong has to be looked at as well,
//! and each check says what is wrong with the part that it looks at. So nothing here fails; what is not
//! there, or is not what it should be, is `None` or left out.

use serde_json::{Map, Value};
use strum::{Display, EnumString};

/// A state machine, or one that is nested in a Map or Parallel.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine<'a> {
    /// The object that holds `StartAt` and `States`.
    pub value: &'a Map<String, Value>,
    /// Where it stands: empty for the outermost, `/States/X/ItemProcessor` or `/States/X/Branches/0`.
    pub pointer: String,
}

impl<'a> Machine<'a> {
    /// The machine that a whole definition is; `None` if it is not an object.
    pub fn parse(definition: &'a Value) -> Option<Self> {
        Some(Self { value: definition.as_object()?, pointer: String::new() })
    }

    /// The name of its first state.
    pub fn start_at(&self) -> Option<&'a str> {
        self.value.get("StartAt")?.as_str()
    }

    /// Its own states; those of nested machines are theirs.
    pub fn states(&self) -> impl Iterator<Item = State<'a>> + use<'a> {
        let pointer = format!("{}/States", self.pointer);
        let states = self.value.get("States").and_then(Value::as_object).into_iter().flatten();
        states.filter_map(move |(name, value)| {
            Some(State { name, value: value.as_object()?, pointer: join(&pointer, name) })
        })
    }

    /// Its state of that name.
    pub fn state(&self, name: &str) -> Option<State<'a>> {
        let (name, value) = self.value.get("States")?.as_object()?.get_key_value(name)?;
        let pointer = join(&format!("{}/States", self.pointer), name);
        Some(State { name, value: value.as_object()?, pointer })
    }

    /// This machine and all that are nested in it, outermost first. For checks that look at one machine
    /// at a time.
    pub fn with_nested(&self) -> Vec<Machine<'a>> {
        let mut found = vec![self.clone()];
        for state in self.states() {
            found.extend(state.nested().iter().flat_map(Machine::with_nested));
        }
        found
    }

    /// The pointer of one of its fields.
    pub fn at(&self, field: &str) -> String {
        join(&self.pointer, field)
    }
}

/// One state.
#[derive(Clone, Debug, PartialEq)]
pub struct State<'a> {
    /// Its name.
    pub name: &'a str,
    /// The object that it is.
    pub value: &'a Map<String, Value>,
    /// Where it stands, escaped as RFC 6901 says.
    pub pointer: String,
}

/// The eight types of state.
#[derive(Clone, Copy, Debug, Display, EnumString, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// Does work.
    Task,
    /// Passes on, or makes, data.
    Pass,
    /// Decides.
    Choice,
    /// Waits.
    Wait,
    /// Ends well.
    Succeed,
    /// Ends badly.
    Fail,
    /// Runs several machines at once.
    Parallel,
    /// Runs one machine for each item.
    Map,
}

impl<'a> State<'a> {
    /// Its type, if that is one of the eight.
    pub fn kind(&self) -> Option<Kind> {
        self.field("Type")?.as_str()?.parse().ok()
    }

    /// One of its fields.
    pub fn field(&self, name: &str) -> Option<&'a Value> {
        self.value.get(name)
    }

    /// The pointer of one of its fields, whether it is there or not.
    pub fn at(&self, field: &str) -> String {
        join(&self.pointer, field)
    }

    /// The machines in a Map or Parallel.
    pub fn nested(&self) -> Vec<Machine<'a>> {
        match self.kind() {
            Some(Kind::Map) => {
                let processor = self.field("ItemProcessor").and_then(Value::as_object);
                let machine = |value| Machine { value, pointer: self.at("ItemProcessor") };
                processor.map(machine).into_iter().collect()
            }
            Some(Kind::Parallel) => {
                let machine = |(index, value)| Machine {
                    value,
                    pointer: join(&self.at("Branches"), &usize::to_string(&index)),
                };
                let branches = list(self.field("Branches"));
                branches.filter_map(|(index, value)| Some((index, value.as_object()?))).map(machine).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Everything that leads from this state to another one of the same machine, whether that exists or
    /// not.
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

    /// Whether its machine can end here other than by an error of the engine.
    pub fn is_end(&self) -> bool {
        match self.kind() {
            Some(Kind::Succeed | Kind::Fail) => true,
            Some(Kind::Choice) | None => false,
            Some(_) => self.field("End") == Some(&Value::Bool(true)),
        }
    }
}

/// One way from a state to another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Transition<'a> {
    /// The name of the state that it leads to.
    pub to: &'a str,
    /// Where that name stands.
    pub pointer: String,
    /// When it is taken.
    pub by: By,
}

/// When a transition is taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum By {
    /// When the state is done.
    Next,
    /// When no rule of a Choice matches.
    Default,
    /// When this rule of a Choice is the first that matches.
    Choice(usize),
    /// When this catcher is the first that matches an error.
    Catch(usize),
}

/// A pointer's child. The token is escaped.
pub fn join(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}

fn list(value: Option<&Value>) -> impl Iterator<Item = (usize, &Value)> {
    value.and_then(Value::as_array).into_iter().flatten().enumerate()
}
