//! Items of DynamoDB tables as bytes: the formats that exports are written in and read from.
//!
//! A table has millions of items, and each goes through here once on its way out and once on its way back. So
//! an item never becomes a tree of values: a line is made of the item's own bytes in one pass, in which the
//! type tags are respelled, the whitespace goes, and everything is looked at that makes an item an item. What a
//! line holds is the same, to the letter, as what the table gave: no number is parsed into a float, no escape
//! rewritten, no binary decoded and encoded again.
//!
//! - [`write_line`] and [`read_line`] go between an item and its line in a [`Format`].
//! - [`read_untyped_line`] makes an item of JSON that does not say DynamoDB's types.
//! - [`split_items`] takes the items out of an answer of Scan, where they lie.
//! - [`key_of`] tells whether two items are one.
//! - [`Compressor`] and [`LineReader`] are the way between lines and objects, in pieces of any size.
//!
//! Whatever bytes come, nothing here panics, recurses deeper than an item may be nested, or takes more memory
//! than the longest line that its caller allows. What is wrong is refused with the byte and a sentence.
//! What only the service can judge is left to it: the size of an item, an element that is twice in a set, an
//! attribute that is twice in an item, a key that does not fit the table.

pub mod answer;
pub mod compress;
pub mod format;
pub mod key;
pub mod lines;
pub mod malformed;
pub mod read;
pub mod untyped;
pub mod write;

mod binary;
mod convert;
mod decompress;
mod hive;
mod number;
mod scan;
mod skip;
mod tag;
mod text;

pub use answer::{SplitAnswer, split_items};
pub use compress::Compressor;
pub use format::{Binary, Compression, Format, FormatName, NullTag};
pub use key::{key_of, spelled_key_of};
pub use lines::{LineReader, Unreadable};
pub use malformed::Malformed;
pub use read::{read_line, read_line_with};
pub use untyped::{Doubts, KeyAttribute, KeyType, read_untyped_line};
pub use write::write_line;
