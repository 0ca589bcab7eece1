//! The endpoints, and who named them.

use anyhow::Context;
use wxpay_media::{Endpoint, Endpoints};

use crate::{args::GatewayArgs, settings};

const VARIABLE: &str = "WXPAY_ENDPOINT";

/// The endpoints of `--endpoint` or `--region`, else of the environment, else the mainland's; and
/// which of these it was.
pub(crate) fn endpoints(args: &GatewayArgs) -> anyhow::Result<(Endpoints, &'static str)> {
    if let Some(region) = args.region {
        return Ok((region.into(), "--region"));
    }
    if !args.endpoint.is_empty() {
        let endpoints = Endpoints::new(args.endpoint.iter().cloned());
        return Ok((endpoints.context("--endpoint")?, "--endpoint"));
    }
    let listed = settings::text(VARIABLE)?.unwrap_or_default();
    let listed: Vec<Endpoint> = listed
        .split(',')
        .map(str::trim)
        .filter(|origin| !origin.is_empty())
        .map(|origin| {
            origin
                .parse()
                .with_context(|| match settings::may_hold_secret(origin) {
                    true => VARIABLE.to_owned(),
                    false => format!("{VARIABLE}: {origin}"),
                })
        })
        .collect::<Result<_, _>>()?;
    if listed.is_empty() {
        return Ok((Endpoints::default(), "default"));
    }
    Ok((Endpoints::new(listed).context(VARIABLE)?, VARIABLE))
}
