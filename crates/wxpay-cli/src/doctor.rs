//! `wxpay doctor`: what is wrong, before the first upload finds out.

mod endpoint;
mod settings;

use std::{process::ExitCode, time::Duration};

use serde::Serialize;
use wxpay_media::{
    Endpoint, Endpoints, Identity,
    transport::{self, Transport},
};

use crate::{
    FAILED,
    args::DoctorArgs,
    settings::Network,
    terminal::{self, OutputLost},
};

/// What a check found, and what it says.
type Found<T> = (Option<T>, Vec<Check>);

/// Makes every check, whatever the ones before it said.
pub(crate) async fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let mut report = Report {
        json: args.json,
        works: true,
    };
    let mch_id = report.all(settings::merchant_id(&args.gateway))?;
    report.one(&settings::api_key(&args.gateway))?;
    report.one(&settings::sign_type(&args.gateway))?;
    let identity = report.all(settings::identity(&args.gateway, mch_id.as_ref()))?;
    let network = report.all(settings::network(&args.gateway))?;
    let endpoints = report.all(settings::endpoints(&args.gateway))?;
    if let (Some(network), Some(endpoints)) = (network, endpoints) {
        let transport = builder(&network, identity.as_ref(), args.timeout);
        report
            .endpoints(&endpoints, &transport, identity.is_some())
            .await?;
    } else {
        report.one(&Check::skipped(
            "way to the endpoints",
            "the settings above come first",
        ))?;
    }
    Ok(if report.works {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    })
}

/// One attempt for each call, and no more time than was asked for.
fn builder(
    network: &Network,
    identity: Option<&Identity>,
    timeout: Duration,
) -> transport::Builder {
    let mut builder = network.apply(Transport::builder());
    if let Some(identity) = identity {
        builder = builder.identity(identity.clone());
    }
    builder
        .connect_deadline(timeout)
        .call_deadline(timeout)
        .retries(0)
}

/// Prints checks as they are made, and remembers whether an upload would work.
struct Report {
    json: bool,
    works: bool,
}

impl Report {
    fn one(&mut self, check: &Check) -> Result<(), OutputLost> {
        self.works &= check.status != Status::Failed;
        check.print(self.json)
    }

    /// The same for several, with what they have found.
    fn all<T>(&mut self, (found, checks): Found<T>) -> Result<Option<T>, OutputLost> {
        for check in checks {
            self.one(&check)?;
        }
        Ok(found)
    }

    /// An upload works if the first endpoint does, or cannot be reached while another one works.
    async fn endpoints(
        &mut self,
        endpoints: &Endpoints,
        transport: &transport::Builder,
        has_identity: bool,
    ) -> Result<(), OutputLost> {
        let mut looks = Vec::new();
        for endpoint in Endpoint::of(endpoints) {
            looks.push(endpoint::look(&endpoint, transport, has_identity).await);
        }
        let primary_decides = looks[0].works || !looks[0].may_be_passed_by;
        let another_works = looks.iter().skip(1).any(|look| look.works);
        for (at, look) in looks.into_iter().enumerate() {
            let stands_in = match at {
                0 => !primary_decides && another_works,
                _ => primary_decides || another_works,
            };
            for mut check in look.checks {
                if stands_in && check.status == Status::Failed {
                    check.status = Status::Warning;
                }
                self.one(&check)?;
            }
        }
        Ok(())
    }
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    /// An upload works all the same.
    Warning,
    /// No upload would work.
    Failed,
    /// The answer does not tell.
    Unknown,
    /// Something before it has failed.
    Skipped,
}

/// What was looked at, what was found, and what to do.
#[derive(Debug, Serialize)]
struct Check {
    check: String,
    status: Status,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Check {
    fn new(check: &str, status: Status, detail: impl Into<String>) -> Self {
        Self {
            check: check.to_owned(),
            status,
            detail: detail.into(),
            advice: None,
        }
    }

    fn ok(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Ok, detail)
    }

    fn warning(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Warning, detail)
    }

    fn failed(check: &str, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Failed, detail)
    }

    fn unknown(check: &str, detail: impl Into<String>) -> Self {
        let detail = format!("cannot tell: {}", detail.into());
        Self::new(check, Status::Unknown, detail)
    }

    fn skipped(check: &str, because: &str) -> Self {
        Self::new(check, Status::Skipped, because)
    }

    /// Whether nothing about it keeps an upload from working, as far as can be told.
    fn is_ok(&self) -> bool {
        self.status != Status::Failed
    }

    /// What to do about it.
    fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    fn print(&self, json: bool) -> Result<(), OutputLost> {
        if json {
            return terminal::print_json(self);
        }
        let status = format!("{:?}", self.status).to_lowercase();
        let mut line = format!("{}: {}", self.check, self.detail);
        if let Some(advice) = &self.advice {
            line = format!("{line}; {advice}");
        }
        terminal::print(&format!("{status:8}{}", terminal::one_line(&line)))
    }
}
