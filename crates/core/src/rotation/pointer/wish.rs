//! What a writer of the pointer does next, given the history.

use super::{
    CURRENT, Description, History, NOT_VERIFIED, PINNED, PREVIOUS, VERSIONS, Version, Writer,
    is_newer_rotation,
};

/// What a writer wants of the pointer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wish {
    /// A rotation points it at its table, unless it is pinned or points at a newer copy.
    Rotate {
        /// ARN of the table.
        table_arn: String,
        /// Description of the version to write.
        description: Description,
    },
    /// A person points it at this table, whatever it points at.
    RollBack {
        /// ARN of the table.
        table_arn: String,
        /// Description of the version to write.
        description: Description,
        /// Whether the pointer is pinned to the table. If not, an earlier pin is removed.
        pin: bool,
    },
    /// A person pins it to what it points at.
    Pin,
    /// A person lets rotations move it again.
    Unpin,
}

/// What to do next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// Write a version with this value.
    Write {
        /// The value.
        value: String,
        /// Description of the version.
        description: Description,
    },
    /// Move these labels to a version.
    Label {
        /// Number of the version.
        version: i64,
        /// The labels.
        labels: Vec<&'static str>,
    },
    /// Remove a label from a version.
    Unlabel {
        /// Number of the version.
        version: i64,
        /// The label.
        label: &'static str,
    },
    /// Nothing is left to do.
    Done(Outcome),
}

/// How a wish ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// The pointer is as wished, and this writer wrote it.
    Written,
    /// The pointer was as wished already.
    Unchanged,
    /// The pointer has a newer copy.
    Newer,
    /// The pointer is pinned to another table.
    Pinned,
    /// The pointer was as wished, and another writer moved it since.
    Superseded,
}

impl Wish {
    /// Returns what to do next. Repeat it with the history after each action until it is [`Action::Done`].
    pub fn next(&self, history: &History) -> Action {
        match self {
            Wish::Rotate { table_arn, description } => rotate(history, table_arn, description),
            Wish::RollBack { table_arn, description, pin } => {
                roll_back(history, table_arn, description, *pin)
            }
            Wish::Pin => match (history.labeled(PINNED), history.newest()) {
                // A rotation may have written between the read and the label.
                (Some(pinned), _) => {
                    settle(history, &pinned.value, put_back(pinned, Writer::Pin, "none"), &[])
                        .unwrap_or(Action::Done(Outcome::Unchanged))
                }
                (None, Some(newest)) => Action::Label { version: newest.number, labels: vec![PINNED] },
                (None, None) => Action::Done(Outcome::Unchanged),
            },
            Wish::Unpin => match history.labeled(PINNED) {
                Some(pinned) => Action::Unlabel { version: pinned.number, label: PINNED },
                None => Action::Done(Outcome::Unchanged),
            },
        }
    }
}

impl Wish {
    /// Returns the version that was the newest before this writer's first write. `history` is the one that it read
    /// first: an earlier invocation of it may have written already.
    pub fn before<'a>(&self, history: &'a History) -> Option<&'a Version> {
        let ours = match self {
            Wish::Rotate { table_arn, description } | Wish::RollBack { table_arn, description, .. } => {
                history.versions.iter().position(|version| {
                    version.value == *table_arn && version.is_by(description.writer, &description.execution)
                })
            }
            Wish::Pin | Wish::Unpin => None,
        };
        match ours {
            Some(index) => index.checked_sub(1).and_then(|before| history.versions.get(before)),
            None => history.newest(),
        }
    }
}

impl Wish {
    /// Returns the ARN of the writer's own table.
    pub fn own_table(&self) -> Option<&str> {
        match self {
            Wish::Rotate { table_arn, .. } | Wish::RollBack { table_arn, .. } => Some(table_arn),
            Wish::Pin | Wish::Unpin => None,
        }
    }

    /// Returns what is left to do until this writer's newest version no longer counts, because its table is being
    /// retired; `None` if nothing is. `before` is the history that the writer read first.
    ///
    /// The pointer goes back to the value before, as by a rollback: a rotation's version would not count against the
    /// newer copy. Others may have moved the pointer meanwhile, and then it stays.
    pub fn withdraw(&self, before: &History, history: &History) -> Option<Action> {
        let (table_arn, ours, pins) = match self {
            Wish::Rotate { table_arn, description } => (table_arn, description, false),
            Wish::RollBack { table_arn, description, pin } => (table_arn, description, *pin),
            Wish::Pin | Wish::Unpin => return None,
        };
        if let Some(pinned) = history.labeled(PINNED).filter(|pinned| pins && pinned.value == *table_arn) {
            let earlier = before.labeled(PINNED).filter(|earlier| earlier.value != *table_arn);
            let earlier = earlier.filter(|earlier| history.version(earlier.number).is_some());
            return Some(match earlier {
                Some(earlier) => Action::Label { version: earlier.number, labels: vec![PINNED] },
                None => Action::Unlabel { version: pinned.number, label: PINNED },
            });
        }
        let newest = history.newest()?;
        if newest.value == *table_arn && newest.is_by(ours.writer, &ours.execution) {
            let previous = history.previous()?;
            let description = put_back(previous, Writer::Rollback, &ours.execution);
            return Some(Action::Write { value: previous.value.clone(), description });
        }
        let [.., last, back] = history.versions.as_slice() else { return None };
        let is_back = last.value == *table_arn && last.is_by(ours.writer, &ours.execution);
        let unlabeled = is_back && back.writer() == Some(Writer::Rollback) && !back.has(CURRENT);
        unlabeled.then(|| Action::Label { version: back.number, labels: vec![CURRENT] })
    }
}

impl Action {
    /// Returns the value that a parameter has or can get back by this action: that of the version that it writes or
    /// labels.
    pub fn names<'a>(&'a self, history: &'a History) -> Option<&'a str> {
        match self {
            Action::Write { value, .. } => Some(value),
            Action::Label { version, .. } => history.version(*version).map(|version| version.value.as_str()),
            Action::Unlabel { .. } | Action::Done(_) => None,
        }
    }

    /// Decides whether the action may be done, given the state of the table that it [names](Action::names). `own` is the
    /// writer's own table.
    ///
    /// Nothing may name a table that is being retired. A label that only tells people what is so is left out then. A
    /// version of a table that was deleted may still be labelled, because `previous` often is one, but not pinned and not
    /// written.
    pub fn guard(&self, value: &str, own: Option<&str>, table: TableState) -> Guard {
        let is_own = own == Some(value);
        let pins = matches!(self, Action::Label { labels, .. } if labels.contains(&PINNED));
        let writes = matches!(self, Action::Write { .. });
        match table {
            TableState::Free => Guard::Act,
            TableState::Retiring if is_own || pins => Guard::Withdraw,
            TableState::Retiring if writes => Guard::ReadAgain,
            TableState::Retiring => Guard::LeaveOut,
            TableState::Missing if writes || (pins && is_own) => Guard::Refuse,
            TableState::Missing => Guard::Act,
        }
    }

    /// Adds the labels of this action to a history, as if they had been moved.
    pub fn add_labels(&self, history: &mut History) {
        let Action::Label { version: number, labels } = self else { return };
        for version in history.versions.iter_mut().filter(|version| version.number == *number) {
            version.labels.extend(labels.iter().map(|label| (*label).to_owned()));
        }
    }
}

/// What a writer knows of a table before it names it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TableState {
    /// The table is not being retired.
    Free,
    /// The table is being retired.
    Retiring,
    /// The table does not exist.
    Missing,
}

/// Whether an action may be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Guard {
    /// Do it.
    Act,
    /// Read the history again: it was older than the table's mark.
    ReadAgain,
    /// Go on without it.
    LeaveOut,
    /// Take back what this writer wrote, and fail: its own table is being retired.
    Withdraw,
    /// Fail: the table does not exist.
    Refuse,
}

fn rotate(history: &History, table_arn: &str, ours: &Description) -> Action {
    let pinned = history.labeled(PINNED);
    // An earlier invocation may have written its table, and others may have moved the pointer since.
    let written = history
        .versions
        .iter()
        .any(|version| version.value == table_arn && version.is_by(ours.writer, &ours.execution));
    let (value, description) = match (pinned, history.right()) {
        (Some(pinned), _) => (pinned.value.as_str(), put_back(pinned, Writer::Pin, &ours.execution)),
        (None, Some(right)) if written || is_newer_rotation(&right.value, table_arn) => {
            (right.value.as_str(), put_back(right, Writer::Rotation, &ours.execution))
        }
        (None, _) => (table_arn, ours.clone()),
    };
    let outcome = if value == table_arn {
        if written { Outcome::Written } else { Outcome::Unchanged }
    } else if pinned.is_some() {
        Outcome::Pinned
    } else if is_newer_rotation(value, table_arn) {
        Outcome::Newer
    } else {
        Outcome::Superseded
    };
    settle(history, value, description, &[]).unwrap_or(Action::Done(outcome))
}

fn roll_back(history: &History, table_arn: &str, ours: &Description, pin: bool) -> Action {
    let is_ours =
        |version: &Version| version.value == table_arn && version.is_by(ours.writer, &ours.execution);
    let written = history.versions.iter().rposition(is_ours);
    let first = history.versions.iter().find(|version| is_ours(version));
    let since = written.and_then(|index| history.versions.get(index + 1..)).unwrap_or_default();
    // A rotation may have overwritten it before the pin took effect, or with an older copy, or put back an earlier pin.
    let moved_on = history.right().is_some_and(|right| right.value != table_arn);
    let by_another = |version: &Version| match version.writer() {
        None | Some(Writer::Rollback) => true,
        Some(Writer::Rotation) => !pin && moved_on,
        Some(Writer::Pin) => false,
    };
    let pinned = history.labeled(PINNED);
    // A person pinned the pointer after this rollback, which did not pin it.
    let pinned_since = pinned.is_some_and(|pinned| {
        !pin && pinned.value != table_arn && first.is_some_and(|first| pinned.number > first.number)
    });
    if pinned_since || since.iter().any(by_another) {
        return superseded(history, since, table_arn, ours);
    }
    let is_pinned_to_it = pinned.is_some_and(|pinned| pinned.value == table_arn);
    if pin && !is_pinned_to_it {
        // Before the write, so that no rotation can move the pointer after it. SSM could not drop the oldest of 100
        // versions if it had the label.
        let dropped = usize::from(history.versions.len() >= VERSIONS);
        let mut retained = history.versions.iter().skip(dropped);
        if let Some(version) = retained.rfind(|version| version.value == table_arn) {
            return Action::Label { version: version.number, labels: vec![PINNED] };
        }
    }
    if let Some(pinned) = pinned
        && !pin
        && first.is_none_or(|first| pinned.number < first.number)
    {
        return Action::Unlabel { version: pinned.number, label: PINNED };
    }
    let outcome = if written.is_some() { Outcome::Written } else { Outcome::Unchanged };
    let labels: &[&'static str] = if pin { &[PINNED] } else { &[] };
    settle(history, table_arn, ours.clone(), labels).unwrap_or(Action::Done(outcome))
}

/// Returns what is left to do for a rollback after which others moved the pointer. A label that this rollback moved late
/// must not outlast the next one.
fn superseded(history: &History, since: &[Version], table_arn: &str, ours: &Description) -> Action {
    let (pinned, last) = (
        history.labeled(PINNED).filter(|pinned| pinned.value == table_arn),
        since.iter().rfind(|version| version.writer() == Some(Writer::Rollback)),
    );
    if let (Some(pinned), Some(last)) = (pinned, last)
        && last.value != table_arn
        && pinned.number < last.number
    {
        return match last.description.as_ref().is_some_and(|description| description.pins) {
            true => Action::Label { version: last.number, labels: vec![PINNED] },
            false => Action::Unlabel { version: pinned.number, label: PINNED },
        };
    }
    // This rollback may have written over the right value after another writer had ended.
    let right = history.labeled(PINNED).map(|pinned| (pinned, Writer::Pin));
    let right = right.or_else(|| history.right().map(|right| (right, Writer::Rotation)));
    right
        .and_then(|(right, writer)| {
            settle(history, &right.value, put_back(right, writer, &ours.execution), &[])
        })
        .unwrap_or(Action::Done(Outcome::Superseded))
}

/// Returns the description of a version that puts back the value of `version`.
fn put_back(version: &Version, writer: Writer, execution: &str) -> Description {
    let unknown = || Description {
        writer,
        execution: execution.to_owned(),
        backup: None,
        verified: NOT_VERIFIED.to_owned(),
        pins: false,
    };
    Description { writer, pins: false, ..version.description.clone().unwrap_or_else(unknown) }
}

/// Returns what is missing until the newest version has this value and the labels; `None` if nothing is.
fn settle(
    history: &History,
    value: &str,
    description: Description,
    further: &[&'static str],
) -> Option<Action> {
    let newest = match history.newest() {
        Some(newest) if newest.value == value => newest,
        _ => return Some(Action::Write { value: value.to_owned(), description }),
    };
    let wanted = [&[CURRENT], further].concat();
    let missing: Vec<_> = wanted.into_iter().filter(|label| !newest.has(label)).collect();
    if !missing.is_empty() {
        return Some(Action::Label { version: newest.number, labels: missing });
    }
    let previous = history.previous().filter(|previous| !previous.has(PREVIOUS))?;
    Some(Action::Label { version: previous.number, labels: vec![PREVIOUS] })
}
