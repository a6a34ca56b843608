//! The history of an SSM parameter that points at the newest copy of a table, and what it says about the pointer.
//! Makes no AWS calls.
//!
//! SSM has no conditional write, and executions may write at the same time and in any order. So the right value is a
//! function of the history: whoever reads the same versions comes to the same value, and writes it if the newest version
//! has another one. [`Wish::next`] is that decision. `crate::aws::pointer` repeats it until nothing is left to do.
//!
//! Each version says in its description who wrote it ([`Description`]), and labels mark three versions: the
//! [`CURRENT`] one, the [`PREVIOUS`] one, and the [`PINNED`] one, from which no rotation moves the pointer.

mod description;
#[cfg(test)]
pub(crate) mod model_tests;
mod wish;

pub use description::{Description, NOT_VERIFIED, Writer};
pub use wish::{Action, Guard, Outcome, TableState, Wish};

use chrono::{DateTime, Utc};

use super::naming::split_time;

/// The label of the newest version, once the pointer is settled.
pub const CURRENT: &str = "current";
/// The label of the version that was current before.
pub const PREVIOUS: &str = "previous";
/// The label of the version whose value the pointer keeps.
pub const PINNED: &str = "pinned";

/// The number of versions that SSM retains of a parameter (quotas of Systems Manager).
pub const VERSIONS: usize = 100;

/// A version of the parameter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Version {
    /// Number of the version.
    pub number: i64,
    /// Value: the ARN of a table, unless a person wrote something else.
    pub value: String,
    /// What the version says of itself; `None` if tablekeeper did not write it.
    pub description: Option<Description>,
    /// Labels of the version.
    pub labels: Vec<String>,
    /// Time at which the version was written.
    pub written_at: Option<DateTime<Utc>>,
}

impl Version {
    /// Returns whether the version has this label.
    pub fn has(&self, label: &str) -> bool {
        self.labels.iter().any(|has| has == label)
    }

    /// Returns who wrote the version; `None` if tablekeeper did not.
    pub fn writer(&self) -> Option<Writer> {
        self.description.as_ref().map(|description| description.writer)
    }

    fn is_by(&self, writer: Writer, execution: &str) -> bool {
        self.description.as_ref().is_some_and(|by| by.writer == writer && by.execution == execution)
    }
}

/// The retained versions of a parameter, the oldest first. A parameter that does not exist has none.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct History {
    /// The versions.
    pub versions: Vec<Version>,
}

/// A label that keeps SSM from dropping the oldest of 100 versions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Full {
    /// The label.
    pub label: String,
    /// The version that has it.
    pub version: i64,
}

impl History {
    /// Returns the newest version, which is the one that programs read.
    pub fn newest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// Returns the version of this number.
    pub fn version(&self, number: i64) -> Option<&Version> {
        self.versions.iter().find(|version| version.number == number)
    }

    /// Returns the version with this label.
    pub fn labeled(&self, label: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.has(label))
    }

    /// Returns the version that was current before the newest one: the last one with another value. A value that a
    /// rotation wrote over a newer copy, because both wrote at the same time, does not count.
    pub fn previous(&self) -> Option<&Version> {
        let mut trail = self.trail();
        let newest = self.newest()?;
        if trail.last().is_some_and(|last| last.value == newest.value) {
            trail.pop();
        }
        trail.pop()
    }

    /// Returns the last of the versions at which the pointer rightly moved.
    fn right(&self) -> Option<&Version> {
        self.trail().pop()
    }

    /// Returns the versions at which the pointer rightly moved, each as the last version of its value.
    fn trail(&self) -> Vec<&Version> {
        let mut trail: Vec<&Version> = Vec::new();
        for version in &self.versions {
            let Some(last) = trail.last_mut() else {
                trail.push(version);
                continue;
            };
            if last.value == version.value {
                *last = version;
            } else if version.writer() != Some(Writer::Rotation)
                || !is_newer_rotation(&last.value, &version.value)
            {
                trail.push(version);
            }
        }
        trail
    }

    /// Returns the action after which SSM can drop the oldest version, or the label that prevents that. SSM drops no
    /// version that has a label.
    pub fn make_room(&self) -> Result<Action, Full> {
        let (Some(oldest), Some(newest)) = (self.versions.first(), self.newest()) else {
            return Ok(Action::Label { version: 1, labels: Vec::new() });
        };
        let full = |label: &str| Full { label: label.to_owned(), version: oldest.number };
        if let Some(label) =
            oldest.labels.iter().find(|label| ![CURRENT, PREVIOUS, PINNED].contains(&label.as_str()))
        {
            return Err(full(label));
        }
        if oldest.has(PINNED) {
            let again = self.versions.iter().skip(1).rfind(|version| version.value == oldest.value);
            let again = again.ok_or_else(|| full(PINNED))?;
            return Ok(Action::Label { version: again.number, labels: vec![PINNED] });
        }
        // The newest version is the previous one as soon as the next is written.
        Ok(Action::Label { version: newest.number, labels: vec![CURRENT, PREVIOUS] })
    }
}

/// Returns whether `value` is a later rotation of the same table as `ours`: the ARNs differ only in the time at the
/// end, and the time of `value` is later.
pub fn is_newer_rotation(value: &str, ours: &str) -> bool {
    match (split_time(value), split_time(ours)) {
        (Some((table, time)), Some((our_table, our_time))) => table == our_table && time > our_time,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: i64, value: &str, labels: &[&str]) -> Version {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        Version { number, value: value.to_owned(), description: None, labels, written_at: None }
    }

    #[test]
    fn only_a_later_time_of_the_same_table_is_newer() {
        let ours = "t-20240102-00-00-00";
        assert!(is_newer_rotation("t-20240102-00-00-01", ours));
        for other in ["t-20240102-00-00-00", "t-20231231-23-59-59", "u-20250101-00-00-00", "t", "", "é-2025"]
        {
            assert!(!is_newer_rotation(other, ours), "{other}");
        }
        assert!(!is_newer_rotation("t-20250102-00-00-00", "t"));
    }

    #[test]
    fn own_labels_give_way_to_new_versions_and_others_are_named() {
        let room = |labels: &[&str], values: [&str; 3]| {
            let [first, second, third] = values;
            let versions = vec![version(1, first, labels), version(2, second, &[]), version(3, third, &[])];
            History { versions }.make_room()
        };
        let moved = |version, labels| Ok(Action::Label { version, labels });
        let full = |label: &str| Err(Full { label: label.to_owned(), version: 1 });
        assert_eq!(room(&[PREVIOUS], ["a", "b", "b"]), moved(3, vec![CURRENT, PREVIOUS]));
        assert_eq!(room(&[PINNED], ["a", "a", "b"]), moved(2, vec![PINNED]));
        assert_eq!(room(&[PINNED], ["a", "b", "b"]), full(PINNED));
        assert_eq!(room(&[PREVIOUS, "audited"], ["a", "b", "b"]), full("audited"));
    }

    #[test]
    fn the_previous_version_has_another_value() {
        let history = |values: &[&str]| History {
            versions: (1..).zip(values).map(|(number, value)| version(number, value, &[])).collect(),
        };
        let previous = |values: &[&str]| history(values).previous().map(|version| version.number);
        assert_eq!(previous(&[]), None);
        assert_eq!(previous(&["a", "a"]), None);
        assert_eq!(previous(&["a", "a", "b", "b"]), Some(2));
        assert_eq!(previous(&["a", "b", "a"]), Some(2));
    }
}
