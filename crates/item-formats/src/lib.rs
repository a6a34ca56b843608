//! Items of DynamoDB tables as bytes: the formats that exports are written in and read from.
//!
//! A table has millions of items, and each passes through here once on its way out and once on its way back. So an item
//! never becomes a tree of values. One pass over its bytes checks everything about it, respells the type tags and
//! removes the whitespace. The content of a line is that of the table verbatim: no number is parsed into a float, no
//! escape is rewritten, and no binary is decoded and encoded again.
//!
//! - [`write_line`] and [`read_line`] convert between an item and its line in a [`Format`].
//! - [`read_untyped_line`] makes an item of JSON without DynamoDB's types.
//! - [`split_items`] finds the items in a response of Scan without copying them.
//! - [`key_of`] identifies an item: equal keys give equal bytes.
//! - [`canonical_item`] compares items: equal items give equal bytes.
//! - [`Compressor`] and [`LineReader`] convert between lines and objects, in pieces of any size.
//!
//! For any input, nothing here panics, recurses deeper than an item may be nested, or takes more memory than the
//! longest line that the caller allows. Mistakes are refused with a byte offset and a sentence. Only the service checks
//! the size of an item, duplicate elements of a set, duplicate attributes of an item, and whether the key fits the
//! table.

pub mod canonical;
pub mod compress;
pub mod format;
pub mod key;
pub mod lines;
pub mod malformed;
pub mod read;
pub mod response;
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

pub use canonical::canonical_item;
pub use compress::Compressor;
pub use format::{Binary, Compression, Format, FormatName, NullTag};
pub use key::{key_of, spelled_key_of};
pub use lines::{LineReader, Unreadable};
pub use malformed::Malformed;
pub use read::{read_line, read_line_with};
pub use response::{SplitResponse, split_items};
pub use untyped::{Doubts, KeyAttribute, KeyType, read_untyped_line};
pub use write::write_line;
