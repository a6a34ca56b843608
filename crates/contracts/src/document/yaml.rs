//! Reads YAML 1.2, with the short tags of CloudFormation.

mod scalar;
mod tag;

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, Span, StrInput, Tag};
use serde_json::{Map, Value};

use super::{Contents, Place, Problem};
use crate::machine::join;

/// How many values a file may have after its aliases are replaced, so that a few lines cannot stand for billions.
const MOST_VALUES: usize = 1_000_000;

/// Reads a whole text.
pub(super) fn contents(text: &str) -> Result<Contents, Problem> {
    let offsets = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let parser = Parser::new_from_str(text);
    let (contents, anchors) = (Contents::default(), BTreeMap::new());
    let mut reader = Reader { text, parser, offsets, contents, anchors, values: 0 };
    let value = reader.stream()?;
    Ok(Contents { value, ..reader.contents })
}

struct Reader<'a> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    /// The offset in bytes of each character.
    offsets: Vec<usize>,
    contents: Contents,
    anchors: BTreeMap<usize, Value>,
    values: usize,
}

/// A value and whether it is on one line by itself, so that its own place is the best one to show.
struct Node {
    value: Value,
    place: Place,
    is_scalar: bool,
}

impl<'a> Reader<'a> {
    fn stream(&mut self) -> Result<Value, Problem> {
        let mut root = None;
        loop {
            let (event, place) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(_) if root.is_some() => {
                    let text = "the file has a second document behind `---`, and only one is read".to_owned();
                    return Err(Problem { at: place.start, text });
                }
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                event => root = Some(self.node(event, place, "")?),
            }
        }
        let root = root.ok_or_else(|| Problem { at: 0, text: "the file is empty".to_owned() })?;
        self.contents.places.insert(String::new(), Place::at(root.place.start));
        Ok(root.value)
    }

    fn next(&mut self) -> Result<(Event<'a>, Place), Problem> {
        let end = self.offsets.last().copied().unwrap_or_default();
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, self.place(span))),
            Some(Err(error)) => {
                let at = self.offset(error.marker().index());
                Err(Problem { at, text: error.info().to_owned() })
            }
            None => Err(Problem { at: end, text: "the text ends too early".to_owned() }),
        }
    }

    fn offset(&self, index: usize) -> usize {
        self.offsets.get(index).or(self.offsets.last()).copied().unwrap_or_default()
    }

    fn place(&self, span: Span) -> Place {
        Place { start: self.offset(span.start.index()), end: self.offset(span.end.index()) }
    }

    fn node(&mut self, event: Event<'_>, place: Place, pointer: &str) -> Result<Node, Problem> {
        self.count(1, place)?;
        let place = match &event {
            Event::Scalar(_, _, anchor, tag) if *anchor > 0 || tag.is_some() => self.bare(place),
            _ => place,
        };
        let (value, anchor, is_scalar) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar::value(&text, style, tag.as_deref());
                (self.tagged(value, tag.as_deref(), pointer, place), anchor, true)
            }
            Event::SequenceStart(anchor, tag) => {
                let inner = inner_pointer(tag.as_deref(), pointer);
                let value = self.sequence(&inner)?;
                (tag::long_form(tag.as_deref(), value), anchor, false)
            }
            Event::MappingStart(anchor, tag) => {
                let inner = inner_pointer(tag.as_deref(), pointer);
                let value = self.mapping(&inner)?;
                (tag::long_form(tag.as_deref(), value), anchor, false)
            }
            Event::Alias(anchor) => {
                let text = "the alias refers to a value that contains it";
                let known = self.anchors.get(&anchor).cloned();
                let value = known.ok_or_else(|| Problem { at: place.start, text: text.to_owned() })?;
                self.count(size(&value), place)?;
                (value, 0, true)
            }
            _ => return Err(Problem { at: place.start, text: "a value is expected here".to_owned() }),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(Node { value, place, is_scalar })
    }

    /// Returns the place of a scalar without its tag, its anchor and the first line of a block.
    fn bare(&self, place: Place) -> Place {
        let mut rest = self.text.get(place.start..place.end).unwrap_or_default();
        while rest.starts_with(['!', '&']) {
            rest = rest.trim_start_matches(|letter: char| !letter.is_whitespace()).trim_start();
        }
        if rest.starts_with(['|', '>']) {
            rest = rest.split_once('\n').map_or(rest, |(_, block)| block).trim_start();
        }
        Place { start: place.end - rest.len(), end: place.end }
    }

    /// Returns the long form of a scalar with a tag. Its inner value has the same place.
    fn tagged(&mut self, value: Value, tag: Option<&Tag>, pointer: &str, place: Place) -> Value {
        let inner = inner_pointer(tag, pointer);
        if inner != pointer {
            self.contents.places.insert(inner, place);
        }
        tag::long_form(tag, value)
    }

    fn sequence(&mut self, pointer: &str) -> Result<Value, Problem> {
        let mut items = Vec::new();
        loop {
            let (event, place) = self.next()?;
            if event == Event::SequenceEnd {
                break;
            }
            let pointer = join(pointer, &items.len().to_string());
            let node = self.node(event, place, &pointer)?;
            let place = if node.is_scalar { node.place } else { Place::at(node.place.start) };
            self.contents.places.insert(pointer, place);
            items.push(node.value);
        }
        Ok(Value::Array(items))
    }

    fn mapping(&mut self, pointer: &str) -> Result<Value, Problem> {
        let mut members = Map::new();
        let mut merged = Vec::new();
        loop {
            let (event, key_place) = self.next()?;
            let key = match event {
                Event::MappingEnd => break,
                Event::Scalar(text, ..) => text.into_owned(),
                _ => {
                    let text = "a key must be a plain name".to_owned();
                    return Err(Problem { at: key_place.start, text });
                }
            };
            let pointer = join(pointer, &key);
            let (event, place) = self.next()?;
            let node = self.node(event, place, &pointer)?;
            let is_shown = node.is_scalar && node.place.end > node.place.start;
            if key == "<<" {
                merged.push(node.value);
                continue;
            }
            if members.contains_key(&key) {
                self.contents.repeated.push((pointer.clone(), key_place));
            }
            self.contents.names.insert(pointer.clone(), key_place);
            self.contents.places.insert(pointer, if is_shown { node.place } else { key_place });
            members.insert(key, node.value);
        }
        for other in merged {
            merge(&mut members, other);
        }
        Ok(Value::Object(members))
    }

    fn count(&mut self, values: usize, place: Place) -> Result<(), Problem> {
        self.values += values;
        if self.values <= MOST_VALUES {
            return Ok(());
        }
        Err(Problem { at: place.start, text: format!("the file has more than {MOST_VALUES} values") })
    }
}

/// Adds the members of `<<` that the mapping itself does not have.
fn merge(members: &mut Map<String, Value>, other: Value) {
    match other {
        Value::Object(other) => {
            for (name, value) in other {
                members.entry(name).or_insert(value);
            }
        }
        Value::Array(others) => others.into_iter().for_each(|other| merge(members, other)),
        _ => {}
    }
}

fn size(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members.values().map(size).sum(),
        _ => 0,
    }
}

fn inner_pointer(tag: Option<&Tag>, pointer: &str) -> String {
    tag::function(tag).map_or_else(|| pointer.to_owned(), |name| join(pointer, &name))
}
