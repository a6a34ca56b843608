//! From a line of JSON without types to its item: what programs write that let go of DynamoDB's types.
//!
//! Each JSON value becomes the one type that it can only be: a string `S`, a number `N` with its digits as they stand, `true`
//! and `false` `BOOL`, `null` `NULL`, an array `L`, an object `M`. What such lines do not say any more - whether an array was
//! a set, a null or an object a binary, which digits a number had before a float took it - is not guessed. It is counted,
//! where it shows that it may have been so ([`Doubts`]).

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
    /// Its name.
    pub name: &'a str,
    /// Its type.
    pub key_type: KeyType,
}

/// How many values may have been another type than what they were read as.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Doubts {
    /// `null`, read as `NULL`: some programs write it for binaries and sets as well.
    pub nulls: u64,
    /// `{"type":"Buffer","data":[…]}`, read as a map: what Node.js makes of a binary.
    pub buffers: u64,
    /// Arrays of strings alone or of numbers alone, none of them twice, read as lists: sets are written so.
    pub arrays: u64,
    /// Numbers of 16 or 17 digits, as many as a float keeps: there may have been others behind them.
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

/// Appends the item of a line (without its line feed) to `item`, as DynamoDB JSON, and counts what is in doubt.
///
/// A key attribute that is there with another type than the table's is refused. If the line is refused, `item` is as it
/// was.
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
