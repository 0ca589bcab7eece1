//! An upload: its response, the reuse of its id, its failures.

use std::{
    thread,
    time::{Duration, Instant},
};

use wxpay_agent::Store;

use crate::support::{Response, TestAgent, picture, start_sandbox};

#[test]
fn a_response_has_the_id_and_the_facts_of_the_upload() {
    let agent = TestAgent::start();
    let response = agent.post("?name=%E6%89%A7%E7%85%A7.jpg", &picture(1000));
    let response = response.assert_status(200);
    response.assert_head("content-type: application/json");
    let fields = "media_id media_hash bytes reused uploaded_at attempts endpoint".split(' ');
    let place = |name| response.text.find(&format!("\"{name}\":")).unwrap();
    assert!(fields.map(place).is_sorted(), "{}", response.text);
    let json = response.json();
    assert_eq!(json.as_object().unwrap().len(), 7);
    assert_eq!(json["bytes"], 1000);
    assert_eq!(json["attempts"], 1);
    assert_eq!(json["reused"], false);
    assert_eq!(json["endpoint"], agent.sandbox.origin());
    let at = json["uploaded_at"].as_str().unwrap();
    assert!(
        at.len() == 20 && at.ends_with('Z') && at.contains('T'),
        "{at}"
    );
    let call = &agent.sandbox.requests()[0];
    let names = call.fields.iter().filter_map(|it| it.file_name.as_deref());
    assert_eq!(names.collect::<Vec<_>>(), ["执照.png"]);
}

#[test]
fn an_id_is_given_again_unless_the_caller_wants_a_new_one() {
    let agent = TestAgent::start();
    let first = agent.post("", &picture(100)).assert_status(200);
    for query in ["", "?reuse=1h", "?reuse=24h"] {
        let again = agent.post(query, &picture(100)).assert_status(200);
        assert_eq!(again.media_id(), first.media_id());
        assert_eq!(again.json()["reused"], true);
    }
    assert_eq!(agent.calls(), 1);
    let new = agent.post("?reuse=never", &picture(100)).assert_status(200);
    assert_eq!(new.json()["reused"], false);
    assert_eq!(agent.calls(), 2);
}

#[test]
fn an_id_is_looked_up_and_forgotten_by_the_hash() {
    let agent = TestAgent::start();
    let uploaded = agent.post("", &picture(100)).assert_status(200).json();
    let hash = uploaded["media_hash"].as_str().unwrap();
    let path = format!("/v1/media/{}", hash.to_ascii_uppercase());
    let known = agent.get(&path).assert_status(200).json();
    assert_eq!(known["media_id"], uploaded["media_id"]);
    let forgotten = agent.ask(&format!("DELETE {path}"), "", b"");
    assert_eq!(forgotten.assert_status(204).text, "");
    agent.get(&path).assert_refused(404, "no upload");
    agent.post("", &picture(100)).assert_status(200);
    assert_eq!(agent.calls(), 2);
    agent.get("/v1/media/abc").assert_refused(404, "no MD5");
}

#[test]
fn a_ledger_keeps_ids_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.ledger");
    let start = || {
        let path = path.clone();
        TestAgent::with(start_sandbox(), move |setup| {
            setup.store = Store::in_ledger(&path).unwrap();
        })
    };
    let first = start().post("", &picture(100)).assert_status(200);
    let agent = start();
    let again = agent.post("", &picture(100)).assert_status(200);
    assert_eq!(again.media_id(), first.media_id());
    let json = again.json();
    assert_eq!(json["reused"], true);
    assert_eq!(agent.calls(), 0);
    let line = format!("DELETE /v1/media/{}", json["media_hash"].as_str().unwrap());
    agent.ask(&line, "", b"").assert_status(204);
    agent.post("", &picture(100)).assert_status(200);
    assert_eq!(agent.calls(), 1);
}

#[test]
fn concurrent_requests_with_equal_bytes_share_one_call_and_its_id() {
    let agent = TestAgent::start();
    agent.sandbox.inject("delay=500ms".parse().unwrap());
    let ids: Vec<_> = thread::scope(|scope| {
        let post = || agent.post("?reuse=never", &picture(5000)).media_id();
        let posts: Vec<_> = (0..50).map(|_| scope.spawn(post)).collect();
        posts.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(agent.calls(), 1);
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[test]
fn an_upload_goes_on_for_others_when_its_caller_has_gone() {
    let agent = TestAgent::start();
    agent.sandbox.inject("delay=500ms".parse().unwrap());
    let gone = agent.begin_upload(900);
    agent.wait_for_queue(1);
    drop(gone);
    let other = agent.post("", &picture(900)).assert_status(200);
    assert_eq!(other.json()["reused"], true);
    assert_eq!(agent.calls(), 1);
}

#[test]
fn each_kind_of_failure_has_its_status() {
    let agent = TestAgent::start();
    agent
        .post("", b"BMW is a car")
        .assert_refused(422, "the file is text");
    agent.post("", b"").assert_refused(422, "empty");
    for (fault, status, is_retryable, kind) in [
        ("error=PARAM_ERROR", 422, false, "gateway"),
        ("frequency-limited", 429, true, "gateway"),
        ("system-error", 503, true, "gateway"),
        ("error=SIGNERROR", 502, false, "gateway"),
        ("wrong-signature", 502, false, "signature"),
        ("cut-before-answer", 503, true, "connect"),
    ] {
        let fault = agent.sandbox.inject(fault.parse().unwrap());
        let response = agent.post("", &picture(100)).assert_status(status);
        let error = &response.json()["error"];
        assert_eq!(error["kind"], kind, "{error}");
        assert_eq!(error["retryable"], is_retryable, "{error}");
        let (code, advice) = (&error["code"], &error["advice"]);
        assert!(advice.is_string() && !code.is_number(), "{error}");
        let has_retry_after = response.head.contains("retry-after: ");
        assert_eq!(has_retry_after, is_retryable, "{}", response.head);
        agent.sandbox.remove(fault);
    }
}

#[test]
fn a_request_beyond_the_queue_is_refused_at_once() {
    let agent = TestAgent::with(start_sandbox(), |setup| setup.options.queue = 3);
    agent.sandbox.inject("delay=2s".parse().unwrap());
    let waiting = [100, 101, 102].map(|bytes| agent.begin_upload(bytes));
    agent.wait_for_queue(3);
    let begun = Instant::now();
    let refused = agent.post("", &picture(1_500_000));
    let refused = refused.assert_refused(503, "too many requests");
    assert!(begun.elapsed() < Duration::from_secs(1), "late");
    assert_eq!(refused.json()["error"]["kind"], "busy");
    refused.assert_head("retry-after: 1\r\n");
    for stream in waiting {
        Response::read(stream).assert_status(200);
    }
}

#[test]
fn more_pictures_than_fit_into_memory_are_all_uploaded() {
    let agent = TestAgent::start();
    thread::scope(|scope| {
        for bytes in 2_000_000..2_000_040 {
            let agent = &agent;
            scope.spawn(move || agent.post("", &picture(bytes)).assert_status(200));
        }
    });
    assert_eq!(agent.calls(), 40);
}

#[test]
fn metrics_count_outcomes_seconds_reuse_and_days() {
    let agent = TestAgent::start();
    agent.post("", &picture(100)).assert_status(200);
    agent.post("", &picture(100)).assert_status(200);
    agent.post("", b"no picture").assert_status(422);
    let text = agent.get("/metrics").assert_status(200).text;
    let merchant = "merchant=\"1900000109\"";
    for line in [
        format!("wxpay_uploads_total{{{merchant},outcome=\"uploaded\"}} 1"),
        format!("wxpay_uploads_total{{{merchant},outcome=\"refused\"}} 1"),
        format!("wxpay_upload_duration_seconds_count{{{merchant}}} 1"),
        format!("wxpay_upload_duration_seconds_bucket{{{merchant},le=\"+Inf\"}} 1"),
        format!("wxpay_reused_total{{{merchant}}} 1"),
        format!("wxpay_queue_requests{{{merchant}}} 0"),
        format!("wxpay_merchant_settings_broken{{{merchant}}} 0"),
    ] {
        assert!(text.lines().any(|it| it == line), "{line}: {text}");
    }
    let days = format!("wxpay_certificate_days_left{{{merchant}}} ");
    let days = text.lines().find_map(|line| line.strip_prefix(&days));
    let days: f64 = days.unwrap().parse().unwrap();
    assert!(days > 300.0, "{days}");
}
