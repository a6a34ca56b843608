//! Items as trees of DynamoDB JSON, for commands that handle a few of them: conversions, and the differences between
//! two.

pub(crate) mod attributes;
pub(crate) mod difference;
