//! Retirements in any interleaving with the writers of a pointer, against a model of SSM and of DynamoDB's tags.
//!
//! Time passes between all events. Reads of tags and of the parameter may be up to [`LAG`] seconds old. An invocation of
//! a step may be ended at any point, or live on while the state machine has already started the next one, but no longer
//! than its function's time limit. A person writes values and labels by hand at any time.
//!
//! No table may be deleted while the parameter points at it, and no writer may point it at a deleted table. A person who
//! writes a value or a label by hand after the last look at the parameter is outside: nothing asks that person to check.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{TimeDelta, Utc};

use super::copies::{Copy, Tags};
use super::decision::decide;
use super::decision::testing::{config, now};
use super::mark::{Mark, WAIT_SECONDS};
use super::pointers::Pointers;
use crate::rotation::pointer::model_tests::{Store, copy};
use crate::rotation::pointer::{
    Action, CURRENT, Description, Guard, History, NOT_VERIFIED, PINNED, PREVIOUS, TableState, Wish, Writer,
};

/// Number of histories that the gate runs.
const HISTORIES: u64 = 600;
/// Greatest age of what a read of tags or of the parameter returns, in seconds.
const LAG: i64 = 30;
/// Time limit of the functions that write the parameter or the mark, in seconds.
const WRITER_LIMIT: i64 = 60;
/// Time limit of the function that deletes a table, in seconds.
const DELETION_LIMIT: i64 = 240;
/// Number of copies: one for each day.
const DAYS: u8 = 6;

/// A part of the protocol that is left out, to show that the model finds what it is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Without {
    Nothing,
    Checks,
    Wait,
    LastLook,
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most
    }

    fn day(&mut self) -> u8 {
        u8::try_from(self.below(u64::from(DAYS))).unwrap() + 1
    }
}

/// The account: the parameter, the tables and their marks.
struct World {
    now: i64,
    store: Store,
    /// What the parameter was from each time on.
    past: Vec<(i64, History)>,
    /// The mark of each table from each time on.
    marks: BTreeMap<String, Vec<(i64, Option<Mark>)>>,
    /// The deleted tables, each with the time of the last look at the parameter.
    deleted: BTreeMap<String, i64>,
    /// When a person last wrote a table by hand.
    by_hand: BTreeMap<String, i64>,
    without: Without,
    random: Random,
}

impl World {
    fn time(&self, seconds: i64) -> chrono::DateTime<Utc> {
        now() + TimeDelta::seconds(seconds)
    }

    /// Returns a time at which a read may be.
    fn some_time_ago(&mut self) -> i64 {
        self.now - i64::try_from(self.random.below(LAG.unsigned_abs() + 1)).unwrap()
    }

    fn history(&mut self) -> History {
        let at = self.some_time_ago();
        self.past.iter().rev().find(|(since, _)| *since <= at).unwrap().1.clone()
    }

    fn mark(&mut self, table: &str) -> Option<Mark> {
        let at = self.some_time_ago();
        let marks = self.marks.get(table).into_iter().flatten();
        marks.rev().find(|(since, _)| *since <= at).and_then(|(_, mark)| mark.clone())
    }

    fn set_mark(&mut self, table: &str, mark: Option<Mark>) {
        self.marks.entry(table.to_owned()).or_default().push((self.now, mark));
    }

    /// Changes the parameter, and checks that no writer pointed it at a deleted table.
    fn change(&mut self, change: impl FnOnce(&mut Store)) -> Result<(), String> {
        let before = pointed_at(&self.store.history());
        change(&mut self.store);
        let history = self.store.history();
        self.past.push((self.now, history.clone()));
        for table in pointed_at(&history).difference(&before) {
            if let Some(look) = self.deleted.get(table)
                && !self.is_by_hand_since(table, *look)
            {
                return Err(format!("the parameter was pointed at the deleted {table}: {history:#?}"));
            }
        }
        Ok(())
    }

    fn is_by_hand_since(&self, table: &str, look: i64) -> bool {
        self.by_hand.get(table).is_some_and(|at| *at > look - LAG)
    }

    fn delete(&mut self, table: &str, look: i64) -> Result<(), String> {
        let history = self.store.history();
        if pointed_at(&history).contains(table) && !self.is_by_hand_since(table, look) {
            return Err(format!("{table} was deleted, and the parameter points at it: {history:#?}"));
        }
        self.deleted.insert(table.to_owned(), look);
        Ok(())
    }

    /// Returns the existing tables as a step reads them.
    fn copies(&mut self) -> Vec<Copy> {
        let days = (1..=DAYS).map(copy).filter(|table| !self.deleted.contains_key(table));
        let arns: Vec<String> = days.collect();
        let of = |table_arn: String| Copy {
            table_name: table_arn.rsplit('/').next().unwrap().to_owned(),
            table_id: "id".to_owned(),
            status: "ACTIVE".to_owned(),
            created_at: now() - TimeDelta::days(90),
            deletion_protection: false,
            replicas: 0,
            tags: Ok(Tags {
                recovery_point: Some("r".to_owned()),
                verified: false,
                mark: self.mark(&table_arn),
            }),
            table_arn,
        };
        arns.into_iter().map(of).collect()
    }
}

/// Returns the tables that the parameter points at.
fn pointed_at(history: &History) -> BTreeSet<String> {
    let labeled = history.versions.iter().filter(|version| !version.labels.is_empty());
    let versions = history.newest().into_iter().chain(history.previous()).chain(labeled);
    versions.map(|version| version.value.clone()).collect()
}

/// A writer of the parameter, as `crate::aws::pointer::settle` is one.
struct PointerWriter {
    wish: Wish,
    began: i64,
    before: Option<History>,
    seen: Option<(History, Action)>,
    allowed: bool,
    left_out: Vec<Action>,
    withdraws: bool,
    ended: bool,
}

impl PointerWriter {
    fn new(wish: Wish) -> PointerWriter {
        PointerWriter {
            wish,
            began: 0,
            before: None,
            seen: None,
            allowed: false,
            left_out: Vec::new(),
            withdraws: false,
            ended: false,
        }
    }

    /// Begins the invocation again, as the state machine does after one that was ended.
    fn begin(&mut self, world: &World) {
        let wish = self.wish.clone();
        *self = PointerWriter { began: world.now, ..PointerWriter::new(wish) };
    }

    /// Makes one call.
    fn step(&mut self, world: &mut World) -> Result<(), String> {
        if self.ended {
            return Ok(());
        }
        if self.before.is_none() || world.now - self.began > WRITER_LIMIT {
            self.begin(world);
        }
        match self.seen.take() {
            None => self.read(world),
            Some((history, action)) if self.allowed => {
                self.allowed = false;
                world.change(|store| store.perform(action, &history))?;
            }
            Some((history, action)) => self.check(world, history, action),
        }
        Ok(())
    }

    fn read(&mut self, world: &World) {
        let history = world.store.history();
        let before = self.before.get_or_insert_with(|| history.clone());
        let action = match self.withdraws {
            true => self.wish.withdraw(before, &history),
            false => {
                let mut seen = history.clone();
                self.left_out.iter().for_each(|action| action.add_labels(&mut seen));
                Some(self.wish.next(&seen))
            }
        };
        match action {
            None | Some(Action::Done(_)) => self.ended = true,
            Some(action) => self.seen = Some((history, action)),
        }
    }

    fn check(&mut self, world: &mut World, history: History, action: Action) {
        let own = self.wish.own_table();
        let guard = match action.names(&history) {
            Some(_) if world.without == Without::Checks => Guard::Act,
            Some(table) => {
                let marked = world.mark(table).is_some();
                let state = match world.deleted.contains_key(table) {
                    true => TableState::Missing,
                    false if marked => TableState::Retiring,
                    false => TableState::Free,
                };
                action.guard(table, own, state)
            }
            None => Guard::Act,
        };
        match guard {
            Guard::Act => (self.seen, self.allowed) = (Some((history, action)), true),
            _ if self.withdraws => self.ended = true,
            Guard::ReadAgain => {}
            Guard::LeaveOut => self.left_out.push(action),
            Guard::Withdraw => self.withdraws = true,
            Guard::Refuse => self.ended = true,
        }
    }
}

/// An invocation of `delete-copy`.
struct Deletion {
    began: i64,
    copies: Option<Vec<Copy>>,
    /// The time of the last look at the parameter, and whether the table is to be deleted.
    decided: Option<(i64, bool)>,
    ended: bool,
}

impl Deletion {
    /// Makes one call. Returns the outcome once the invocation ends.
    fn step(&mut self, world: &mut World, execution: &str, table: &str) -> Result<Option<bool>, String> {
        if self.ended || world.now - self.began > DELETION_LIMIT {
            self.ended = true;
            return Ok(None);
        }
        match (&self.copies, self.decided) {
            (None, _) => {
                self.copies = Some(world.copies());
                Ok(None)
            }
            (Some(copies), None) => {
                let look = world.now;
                let mut pointers = Pointers::default();
                if world.without != Without::LastLook {
                    pointers.add("/p", &world.history());
                }
                let decisions = decide(&config(1), execution, copies.clone(), &pointers, &[]);
                let decision = decisions.iter().find(|decision| decision.copy.table_arn == table);
                let deletes = decision.is_some_and(|decision| {
                    decision.reasons.is_empty()
                        && decision.copy.mark().is_some_and(|mark| mark.is_of(execution))
                });
                self.decided = Some((look, deletes));
                Ok(None)
            }
            (Some(_), Some((look, deletes))) => {
                self.ended = true;
                if deletes && !world.deleted.contains_key(table) {
                    world.delete(table, look)?;
                }
                Ok(Some(deletes))
            }
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Plan,
    Mark,
    Wait,
    Delete,
    WaitForDeletions,
    Unmark,
    Ended,
}

/// An execution of `retire-copies` for one table.
struct Retirer {
    execution: String,
    table: String,
    phase: Phase,
    since: i64,
    deletions: Vec<Deletion>,
}

impl Retirer {
    fn new(number: usize, table: String) -> Retirer {
        let execution = format!("arn:retirer-{number}");
        Retirer { execution, table, phase: Phase::Plan, since: 0, deletions: Vec::new() }
    }

    fn enter(&mut self, phase: Phase, world: &World) {
        (self.phase, self.since) = (phase, world.now);
    }

    /// Makes one call, of the current invocation or of one that the state machine no longer waits for.
    fn step(&mut self, world: &mut World) -> Result<(), String> {
        let older = self.deletions.len().saturating_sub(1);
        if older > 0 && world.random.below(2) == 0 {
            let index = usize::try_from(world.random.below(u64::try_from(older).unwrap())).unwrap();
            self.deletions[index].step(world, &self.execution, &self.table)?;
            return Ok(());
        }
        let wait = if world.without == Without::Wait { 0 } else { i64::from(WAIT_SECONDS) };
        match self.phase {
            Phase::Plan => {
                let mut pointers = Pointers::default();
                let copies = world.copies();
                pointers.add("/p", &world.history());
                let decisions = decide(&config(1), &self.execution, copies, &pointers, &[]);
                let retires = decisions
                    .iter()
                    .any(|decision| decision.copy.table_arn == self.table && decision.reasons.is_empty());
                self.enter(if retires { Phase::Mark } else { Phase::Ended }, world);
            }
            Phase::Mark => {
                let table = self.table.clone();
                match world.mark(&table) {
                    Some(mark) if !mark.is_of(&self.execution) => self.enter(Phase::Ended, world),
                    _ => {
                        let mark = Mark::new(&self.execution, world.time(world.now));
                        world.set_mark(&table, Some(mark));
                        // A lost response marks the table again.
                        if world.random.below(5) > 0 {
                            self.enter(Phase::Wait, world);
                        }
                    }
                }
            }
            Phase::Wait if world.now - self.since >= wait => {
                self.enter(Phase::Delete, world);
                self.invoke(world);
            }
            Phase::Delete => self.delete(world)?,
            Phase::WaitForDeletions if world.now - self.since >= wait => self.enter(Phase::Unmark, world),
            Phase::Unmark => {
                let table = self.table.clone();
                if world.mark(&table).is_some_and(|mark| mark.is_of(&self.execution)) {
                    world.set_mark(&table, None);
                }
                self.enter(Phase::Ended, world);
            }
            Phase::Wait | Phase::WaitForDeletions | Phase::Ended => {}
        }
        Ok(())
    }

    fn invoke(&mut self, world: &World) {
        self.deletions.push(Deletion { began: world.now, copies: None, decided: None, ended: false });
    }

    fn delete(&mut self, world: &mut World) -> Result<(), String> {
        let deletion = self.deletions.last_mut().unwrap();
        match deletion.step(world, &self.execution, &self.table)? {
            Some(true) => self.enter(Phase::Ended, world),
            Some(false) => self.enter(Phase::WaitForDeletions, world),
            // Its response is lost, and it lives on beside the next one, or after the step has failed.
            None if deletion.ended || world.random.below(8) == 0 => match world.random.below(3) {
                0 => self.enter(Phase::WaitForDeletions, world),
                _ => self.invoke(world),
            },
            None => {}
        }
        Ok(())
    }
}

fn wish(number: usize, random: &mut Random) -> Wish {
    let describe = |writer, pins| Description {
        writer,
        execution: format!("execution {number}"),
        backup: None,
        verified: NOT_VERIFIED.to_owned(),
        pins,
    };
    let table_arn = copy(random.day());
    match random.below(8) {
        0..3 => Wish::Rotate { table_arn, description: describe(Writer::Rotation, false) },
        3..6 => {
            let pin = random.below(2) == 0;
            Wish::RollBack { table_arn, description: describe(Writer::Rollback, pin), pin }
        }
        6 => Wish::Pin,
        _ => Wish::Unpin,
    }
}

/// A person writes a value, or moves a label.
fn by_hand(world: &mut World) -> Result<(), String> {
    let versions = world.store.versions.len();
    let index = usize::try_from(world.random.below(u64::try_from(versions).unwrap())).unwrap();
    let labels = [CURRENT, PREVIOUS, PINNED, "audited"];
    let label = labels[usize::try_from(world.random.below(4)).unwrap()];
    let (number, labeled) = (world.store.versions[index].number, world.store.versions[index].value.clone());
    let value = copy(world.random.day());
    if world.random.below(2) == 0 {
        world.by_hand.insert(value.clone(), world.now);
        world.change(|store| {
            store.put(&value, None);
        })
    } else {
        world.by_hand.insert(labeled, world.now);
        world.change(|store| store.label(number, &[label]))
    }
}

/// Runs a history. Returns how many tables were deleted, or what went wrong.
fn run(seed: u64, without: Without) -> Result<usize, String> {
    let mut random = Random(seed);
    let store = Store::new([random.day(), random.day(), random.day()]);
    let mut writers: Vec<PointerWriter> =
        (0..6).map(|number| PointerWriter::new(wish(number, &mut random))).collect();
    let mut retirers: Vec<Retirer> = (0..5).map(|number| Retirer::new(number, copy(random.day()))).collect();
    let mut world = World {
        now: 0,
        past: vec![(-LAG, store.history())],
        store,
        marks: BTreeMap::new(),
        deleted: BTreeMap::new(),
        by_hand: BTreeMap::new(),
        without,
        random,
    };
    for _ in 0..250 {
        world.now += [0, 0, 1, 1, 3, 10, 25, 60][usize::try_from(world.random.below(8)).unwrap()];
        let index = usize::try_from(world.random.below(6)).unwrap();
        let number = usize::try_from(world.random.below(1_000)).unwrap();
        // An actor may make several calls while the others make none.
        let calls = 1 + world.random.below(6);
        match world.random.below(40) {
            0 => by_hand(&mut world)?,
            1 => writers[index].begin(&world),
            // Another execution with another wish.
            2 => writers[index] = PointerWriter::new(wish(number, &mut world.random)),
            3..22 => {
                for _ in 0..calls {
                    writers[index].step(&mut world)?;
                }
            }
            _ => {
                for _ in 0..calls {
                    retirers[index.min(4)].step(&mut world)?;
                }
            }
        }
    }
    Ok(world.deleted.len())
}

#[test]
fn no_table_is_deleted_that_the_parameter_points_at() {
    let mut deleted = 0;
    for seed in 0..HISTORIES {
        match run(seed, Without::Nothing) {
            Ok(tables) => deleted += tables,
            Err(wrong) => panic!("history {seed}: {wrong}"),
        }
    }
    assert!(deleted > usize::try_from(HISTORIES).unwrap() / 2, "only {deleted} tables were deleted");
}

#[test]
fn each_part_of_the_protocol_is_needed() {
    for without in [Without::Checks, Without::Wait, Without::LastLook] {
        let mut seeds = 0..20 * HISTORIES;
        let found = seeds.find(|seed| run(*seed, without).is_err());
        assert!(found.is_some(), "no history shows what {without:?} is for");
    }
}
