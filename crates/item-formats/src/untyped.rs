//! Reads lines of JSON without types, from programs that dropped DynamoDB's types.
//!
//! Each JSON value becomes the obvious type: a string `S`, a number `N` with its digits unchanged, `true` and `false`
//! `BOOL`, `null` `NULL`, an array `L`, an object `M`. Such lines do not say whether an array was a set, whether a null
//! or an object was a binary, or which digits a number had before it became a float. The reader does not guess. It
//! counts the values that may have had another type ([`Doubts`]).

mod pass;

use std::ops::AddAssign;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString};

use crate::convert::all_or_nothing;
use crate::malformed::Malformed;
use pass::Pass;

/// The type of a key attribute.
#[derive(Clone, Copy, Debug, Deserialize, Display, EnumString, Eq, JsonSchema, PartialEq, Serialize)]
pub enum KeyType {
    /// A string.
    S,
    /// A number.
    N,
    /// A binary.
    B,
}

/// A key attribute of a table.
#[derive(Clone, Copy, Debug)]
pub struct KeyAttribute<'a> {
    /// Name of the attribute.
    pub name: &'a str,
    /// Type of the attribute in the table.
    pub key_type: KeyType,
}

/// Numbers of values that may have had another type than the one they were read as.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Doubts {
    /// Number of `null` values, which were read as `NULL`. Some programs also write binaries and sets as `null`.
    pub nulls: u64,
    /// Number of objects `{"type":"Buffer","data":[…]}`, which were read as maps. Node.js writes binaries in this form.
    pub buffers: u64,
    /// Number of arrays that were read as lists and may have been sets: they have only strings or only numbers, all
    /// different.
    pub arrays: u64,
    /// Number of numbers with 16 or 17 digits, which may have lost further digits in a float.
    pub numbers: u64,
}

impl AddAssign for Doubts {
    fn add_assign(&mut self, other: Doubts) {
        let Doubts { nulls, buffers, arrays, numbers } = other;
        self.nulls += nulls;
        self.buffers += buffers;
        self.arrays += arrays;
        self.numbers += numbers;
    }
}

/// Appends the item of a line (without its line feed) to `item`, as DynamoDB JSON, and counts doubtful values.
///
/// A key attribute with another type than the table's is refused. If the line is refused, `item` is unchanged.
///
/// ```
/// use item_formats::{KeyAttribute, KeyType, read_untyped_line};
///
/// let id = KeyAttribute { name: "id", key_type: KeyType::N };
/// let mut item = Vec::new();
/// let doubts = read_untyped_line(br#"{"id": 1.50, "tags": ["a", "b"]}"#, &[id], &mut item)?;
/// assert_eq!(item, br#"{"id":{"N":"1.50"},"tags":{"L":[{"S":"a"},{"S":"b"}]}}"#);
/// assert_eq!(doubts.arrays, 1);
///
/// let refused = read_untyped_line(br#"{"id":"1"}"#, &[id], &mut item).unwrap_err();
/// assert!(refused.reason.starts_with("the key attribute `id` is a string, but"));
/// # Ok::<(), item_formats::Malformed>(())
/// ```
pub fn read_untyped_line(
    line: &[u8],
    keys: &[KeyAttribute<'_>],
    item: &mut Vec<u8>,
) -> Result<Doubts, Malformed> {
    let mut doubts = Doubts::default();
    all_or_nothing(item, |out| {
        doubts = Pass::new(line, keys, out).item()?;
        Ok(())
    })?;
    Ok(doubts)
}

#[cfg(test)]
mod tests;
