//! Times and allocations, by divan.

use divan::{AllocProfiler, Bencher};
use wxpay_bench_micro::{Subject, form, reply, sign};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

#[divan::bench(name = "signing", args = sign::SUBJECTS)]
fn signing(bencher: Bencher<'_, '_>, subject: &Subject) {
    bencher.bench_local((subject.prepare)());
}

#[divan::bench(name = "replies", args = reply::SUBJECTS)]
fn replies(bencher: Bencher<'_, '_>, subject: &Subject) {
    bencher.bench_local((subject.prepare)());
}

#[divan::bench(name = "forms", args = form::SUBJECTS)]
fn forms(bencher: Bencher<'_, '_>, subject: &Subject) {
    bencher.bench_local((subject.prepare)());
}
