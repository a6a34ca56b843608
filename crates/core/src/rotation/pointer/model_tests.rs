//! Writers of one pointer in any interleaving, against a parameter store that keeps versions and labels as SSM does.
//!
//! Each writer reads the history, and acts on what it read later, when others may have acted too. It may also be ended
//! after any action, and then starts again as if it had done nothing. When all writers have ended, the pointer must be
//! right.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// SSM's part of the model.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) versions: Vec<Version>,
    last: i64,
}

impl Store {
    /// Creates a parameter with these copies as its versions, which a person wrote.
    pub(crate) fn new(days: impl IntoIterator<Item = u8>) -> Store {
        let mut store = Store { versions: Vec::new(), last: 0 };
        for day in days {
            store.put(&copy(day), None);
        }
        store
    }

    /// Writes a version. Returns whether SSM accepts it.
    pub(crate) fn put(&mut self, value: &str, description: Option<Description>) -> bool {
        if self.versions.len() == VERSIONS {
            if !self.versions[0].labels.is_empty() {
                return false;
            }
            self.versions.remove(0);
        }
        self.last += 1;
        let value = value.to_owned();
        self.versions.push(Version {
            number: self.last,
            value,
            description,
            labels: Vec::new(),
            written_at: None,
        });
        true
    }

    pub(crate) fn label(&mut self, number: i64, labels: &[&str]) {
        if self.versions.iter().all(|version| version.number != number) {
            return;
        }
        for version in &mut self.versions {
            version.labels.retain(|label| !labels.contains(&label.as_str()));
            if version.number == number {
                version.labels.extend(labels.iter().map(|label| (*label).to_owned()));
            }
        }
    }

    fn unlabel(&mut self, number: i64, label: &str) {
        for version in self.versions.iter_mut().filter(|version| version.number == number) {
            version.labels.retain(|has| has != label);
        }
    }

    pub(crate) fn history(&self) -> History {
        History { versions: self.versions.clone() }
    }

    pub(crate) fn perform(&mut self, action: Action, seen: &History) {
        match action {
            Action::Write { value, description } => {
                if !self.put(&value, Some(description)) {
                    let room = seen.make_room().expect("only own labels are used");
                    assert!(!matches!(room, Action::Write { .. }));
                    self.perform(room, seen);
                }
            }
            Action::Label { version, labels } => self.label(version, &labels),
            Action::Unlabel { version, label } => self.unlabel(version, label),
            Action::Done(_) => {}
        }
    }
}

#[derive(Clone, Debug)]
struct Actor {
    wish: Wish,
    seen: Option<History>,
    ended: bool,
}

impl Actor {
    /// Reads the history, or acts on what was read before.
    fn step(&mut self, store: &mut Store) {
        match self.seen.take() {
            None => self.seen = Some(store.history()),
            Some(seen) => match self.wish.next(&seen) {
                Action::Done(_) => self.ended = true,
                action => store.perform(action, &seen),
            },
        }
    }
}

pub(crate) fn copy(day: u8) -> String {
    format!("arn:aws:dynamodb:eu-west-1:123456789012:table/orders-202601{day:02}-00-00-00")
}

fn actor(number: usize, wish: &Kind) -> Actor {
    let describe = |writer, pins| Description {
        writer,
        execution: format!("execution {number}"),
        backup: None,
        verified: NOT_VERIFIED.to_owned(),
        pins,
    };
    let wish = match *wish {
        Kind::Rotate(day) => {
            Wish::Rotate { table_arn: copy(day), description: describe(Writer::Rotation, false) }
        }
        Kind::RollBack(day, pin) => {
            Wish::RollBack { table_arn: copy(day), description: describe(Writer::Rollback, pin), pin }
        }
        Kind::Pin => Wish::Pin,
        Kind::Unpin => Wish::Unpin,
    };
    Actor { wish, seen: None, ended: false }
}

#[derive(Clone, Debug)]
enum Kind {
    Rotate(u8),
    RollBack(u8, bool),
    Pin,
    Unpin,
}

fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    let kind = prop_oneof![
        4 => (1_u8..9).prop_map(Kind::Rotate),
        2 => (1_u8..9, any::<bool>()).prop_map(|(day, pin)| Kind::RollBack(day, pin)),
        1 => Just(Kind::Pin),
        1 => Just(Kind::Unpin),
    ];
    prop::collection::vec(kind, 1..6)
}

/// Runs the actors by the schedule and then to their ends. An event that is `false` ends the actor's invocation, which
/// is then begun again.
fn run(store: &mut Store, actors: &mut [Actor], schedule: &[(Index, bool)]) {
    for (index, goes_on) in schedule {
        let actor = index.get_mut(actors);
        if !goes_on {
            actor.seen = None;
        } else if !actor.ended {
            actor.step(store);
        }
    }
    // One after the other: persons who contradict each other could undo each other's work in lockstep. The step then
    // fails as PointerContended, and is repeated after a random time.
    for actor in actors.iter_mut() {
        let mut steps = 0;
        while !actor.ended && steps < 50 {
            actor.step(store);
            steps += 1;
        }
    }
    assert!(actors.iter().all(|actor| actor.ended), "{actors:#?}");
}

/// Returns the value that the pointer must have without a pin: that of the last deliberate write, or the newest copy
/// that a rotation wrote since.
fn expected(versions: &[Version]) -> &str {
    let deliberate = versions.iter().rposition(|version| version.writer() != Some(Writer::Rotation));
    let since = &versions[deliberate.unwrap_or(0)..];
    since.iter().map(|version| version.value.as_str()).max().unwrap()
}

fn check(store: &Store) {
    let history = store.history();
    let newest = history.newest().unwrap();
    match history.labeled(PINNED) {
        Some(pinned) => assert_eq!(newest.value, pinned.value, "{store:#?}"),
        None => assert_eq!(newest.value, expected(&store.versions), "{store:#?}"),
    }
    assert!(newest.has(CURRENT), "{store:#?}");
    // A copy that was pinned for a moment may leave the label behind, if there is no other version to move it to.
    if let Some(previous) = history.previous() {
        assert!(previous.has(PREVIOUS), "{store:#?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_of_writers_leaves_the_right_pointer(
        before in prop::collection::vec(1_u8..9, 0..4),
        kinds in kinds(),
        schedule in prop::collection::vec((any::<Index>(), prop::bool::weighted(0.9)), 0..60),
    ) {
        let mut store = Store::new(before);
        let mut actors: Vec<Actor> = kinds.iter().enumerate().map(|(number, kind)| actor(number, kind)).collect();
        // Another rotation, so that there is a version, and labels.
        actors.push(actor(99, &Kind::Rotate(4)));
        run(&mut store, &mut actors, &schedule);
        check(&store);
    }

    #[test]
    fn rotations_leave_a_pinned_pointer_where_it_is(
        days in prop::collection::vec(1_u8..9, 1..5),
        schedule in prop::collection::vec((any::<Index>(), prop::bool::weighted(0.9)), 0..60),
    ) {
        let mut store = Store::new([9, 3]);
        store.label(2, &[PINNED]);
        let mut actors: Vec<Actor> =
            days.iter().enumerate().map(|(number, day)| actor(number, &Kind::Rotate(*day))).collect();
        run(&mut store, &mut actors, &schedule);
        let history = store.history();
        prop_assert_eq!(&history.newest().unwrap().value, &copy(3));
        prop_assert_eq!(store.last, 2, "no rotation wrote");
    }

    #[test]
    fn the_limit_of_versions_does_not_stop_writers(
        rounds in prop::collection::vec(prop_oneof![
            4 => (1_u8..30).prop_map(Kind::Rotate),
            1 => (1_u8..30, any::<bool>()).prop_map(|(day, pin)| Kind::RollBack(day, pin)),
            1 => Just(Kind::Unpin),
        ], 1..30),
    ) {
        let mut store = Store::new((1..=99).map(|number| number % 7));
        for (number, kind) in rounds.iter().enumerate() {
            let mut actors = vec![actor(number, kind)];
            if let Kind::Unpin = kind {
                actors.push(actor(100 + number, &Kind::Rotate(1)));
            }
            run(&mut store, &mut actors, &[]);
            check(&store);
        }
    }
}
