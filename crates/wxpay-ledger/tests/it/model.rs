//! A ledger against a model of two maps.

use std::collections::HashMap;

use proptest::prelude::*;
use wxpay_ledger::{Ledger, Outcome, Reader, Selection, forget};

use super::{account, content, look, opened, reason, record, uploaded, write};

#[derive(Debug, Clone)]
enum Step {
    Record { path: u8, content: u8, outcome: u8 },
    Link { path: u8, content: u8 },
    ForgetPath(u8),
    ForgetHash(u8),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..6u8, 0..4u8, 1..4u8).prop_map(|(path, content, outcome)| Step::Record { path, content, outcome }),
        2 => (0..6u8, 0..4u8).prop_map(|(path, content)| Step::Link { path, content }),
        1 => (0..6u8).prop_map(Step::ForgetPath),
        1 => (0..4u8).prop_map(Step::ForgetHash),
        1 => Just(Step::Reopen),
    ]
}

/// The expected state, with outcomes as the numbers of [`outcome`].
#[derive(Default)]
struct Model {
    contents: HashMap<u8, u8>,
    /// The content of a path, and whether it failed.
    paths: HashMap<u8, (u8, bool)>,
}

impl Model {
    fn forget(&mut self, content: u8) {
        self.contents.remove(&content);
        self.paths.retain(|_, it| it.1 || it.0 != content);
    }

    fn of_path(&self, path: u8) -> Option<u8> {
        let (content, failed) = self.paths.get(&path)?;
        match failed {
            true => Some(3),
            false => self.contents.get(content).copied(),
        }
    }
}

fn outcome(number: u8) -> Outcome {
    match number {
        1 => uploaded("ID"),
        2 => Outcome::Refused(reason("no")),
        _ => Outcome::Failed(reason("later")),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_ledger_agrees_with_the_model(steps in prop::collection::vec(step(), 1..30)) {
        let (_folder, path, mut ledger) = opened();
        let id = account(&ledger);
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Record { path, content: number, outcome: it } => {
                    write(&ledger, [record(&format!("/{path}"), &content(number), outcome(it))]).unwrap();
                    if it < 3 {
                        let known = model.contents.entry(number).or_insert(it);
                        *known = it.min(*known);
                    }
                    model.paths.insert(path, (number, it == 3));
                }
                Step::Link { path, content: number } => {
                    write(&ledger, [record(&format!("/{path}"), &content(number), None)]).unwrap();
                    if model.contents.contains_key(&number) {
                        model.paths.insert(path, (number, false));
                    }
                }
                Step::ForgetPath(number) => {
                    forget(&path, &Selection::Path(format!("/{number}").into())).unwrap();
                    if let Some((content, _)) = model.paths.remove(&number) {
                        model.forget(content);
                    }
                }
                Step::ForgetHash(number) => {
                    forget(&path, &Selection::Hash(content(number).md5)).unwrap();
                    model.contents.remove(&number);
                    model.paths.retain(|_, (it, _)| *it != number);
                }
                Step::Reopen => {
                    drop(ledger);
                    ledger = Ledger::open(&path).unwrap();
                }
            }
            let reader = Reader::open(&path).unwrap();
            let mut counts = [0; 4];
            for number in 0..6 {
                let known = model.of_path(number);
                counts[usize::from(known.unwrap_or_default())] += 1;
                let (content_, _) = model.paths.get(&number).copied().unwrap_or_default();
                let found = look(&path, id, &format!("/{number}"), &content(content_));
                prop_assert_eq!(found.map(|it| it.outcome), known.filter(|it| *it < 3).map(outcome));
            }
            for number in 0..4 {
                let found = reader.content(id, &content(number)).unwrap();
                prop_assert_eq!(found.map(|it| it.outcome), model.contents.get(&number).copied().map(outcome));
            }
            let status = &reader.status().unwrap()[0];
            prop_assert_eq!([6 - counts[1..].iter().sum::<u64>(), status.uploaded, status.refused, status.failed], counts);
            prop_assert_eq!(status.pictures, model.contents.values().filter(|it| **it == 1).count() as u64);
        }
    }
}
