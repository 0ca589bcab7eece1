//! From the simplest explanation to the last.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::mem::discriminant;

use super::{
    Mistake,
    catalogue::{self, Way},
    digest,
    facts::{Facts, Keys, MASK},
    recipe::{Change, Recipe, Selection},
    text::{Buffers, Secrets},
    writing::Received,
};
use crate::hex;

/// So many bytes are hashed before the search gives up, the file's content not counted. A request
/// of this API needs less than a hundredth.
const BUDGET: usize = 32 * 1024 * 1024;

/// How the signature was made.
#[derive(Debug)]
pub(super) struct Found {
    /// In the catalogue's order, those of writing last. None: it is right.
    pub(super) mistakes: Vec<Mistake>,
    pub(super) recipe: Recipe,
}

/// The simplest recipe that makes the signature: the right one, then each mistake, then each two.
pub(super) fn search(facts: &Facts<'_>, keys: &Keys<'_>, signature: &str) -> Option<Found> {
    let mut search = Search {
        facts,
        keys,
        received: Received::new(signature),
        buffers: Buffers::default(),
        first_pass: None,
        budget: BUDGET,
    };
    if !search.received.may_be_a_signature() {
        return None;
    }
    search.run()
}

/// The string of a recipe as it may be shown: without the key, whatever field holds it.
pub(super) fn show(recipe: &Recipe, facts: &Facts<'_>, keys: &Keys<'_>) -> Option<Box<str>> {
    let mut buffers = Buffers::default();
    let masked = Secrets {
        key: MASK.as_bytes(),
        first_pass: MASK,
    };
    let text = buffers.write(recipe, facts, masked)?;
    Some(keys.redact(&String::from_utf8_lossy(text)))
}

struct Search<'a> {
    facts: &'a Facts<'a>,
    keys: &'a Keys<'a>,
    received: Received,
    buffers: Buffers,
    /// The right signature, computed where a recipe signs it once more.
    first_pass: Option<digest::Secret>,
    budget: usize,
}

impl Search<'_> {
    fn run(&mut self) -> Option<Found> {
        let ways = catalogue::ways(self.facts, self.keys.others.len());
        if let Some(found) = self.attempt(&[]) {
            return Some(found);
        }
        for way in &ways {
            if let Some(found) = self.attempt(&[way]) {
                return Some(found);
            }
        }
        for (index, first) in ways.iter().enumerate() {
            for second in &ways[index + 1..] {
                // The first way is the other algorithm, which goes with everything.
                let likely = index == 0 || first.common && second.common;
                if !likely || !independent(first, second) {
                    continue;
                }
                if let Some(found) = self.attempt(&[first, second]) {
                    return Some(found);
                }
            }
        }
        None
    }

    fn attempt(&mut self, ways: &[&Way]) -> Option<Found> {
        let right = Recipe::right(self.facts.algorithm);
        let recipe = ways
            .iter()
            .fold(right, |recipe, way| recipe.with(&way.changes));
        let fits = |way: &&Way| way.only.is_none_or(|only| only == recipe.algorithm);
        if !ways.iter().all(fits) {
            return None;
        }
        let digest = self.digest(&recipe)?;
        let writing = self.received.matches(&digest)?;
        let mut mistakes: Vec<_> = ways.iter().map(|way| way.mistake.clone()).collect();
        mistakes.extend(writing);
        if let Some(name) = self.facts.repeated() {
            let repeated = Mistake::FieldRepeated { name: name.into() };
            if !mistakes.contains(&repeated) {
                mistakes.insert(0, repeated);
            }
        }
        Some(Found { mistakes, recipe })
    }

    fn digest(&mut self, recipe: &Recipe) -> Option<digest::Secret> {
        if matches!(recipe.selection, Selection::WithSign(_)) && self.first_pass.is_none() {
            let right = self.digest(&Recipe::right(self.facts.algorithm))?;
            self.first_pass = Some(digest::hex_upper(&right));
        }
        let key = digest::key(recipe.key_form, self.keys)?;
        let first_pass = self.first_pass.as_deref().map_or(&b""[..], Vec::as_slice);
        let secrets = Secrets {
            key: &key,
            first_pass: hex::as_str(first_pass),
        };
        let text = self.buffers.write(recipe, self.facts, secrets)?;
        // The few recipes with the content are bounded by their number.
        let length = text.len().min(self.facts.length());
        self.budget = self.budget.checked_sub(length)?;
        Some(digest::digest(recipe, text, &key))
    }
}

/// Whether the two change nothing in common.
fn independent(first: &Way, second: &Way) -> bool {
    let axes = |way: &Way| {
        way.changes
            .iter()
            .map(discriminant::<Change>)
            .collect::<Vec<_>>()
    };
    let first = axes(first);
    axes(second).iter().all(|axis| !first.contains(axis))
}
