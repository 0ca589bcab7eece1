//! The files of the merchant's certificate and key, and their password.

use std::fmt;

use anyhow::{Context, anyhow, bail};
use wxpay_media::{Identity, IdentityError, MerchantId, transport::identity::Form};

use super::file::{CERT, KEY, KEY_PASSWORD, P12, P12_PASSWORD, Source};
use crate::args::GatewayArgs;

/// A PKCS#12 file, or a PEM pair of which one may be missing.
#[derive(Debug)]
pub(crate) struct IdentityFiles {
    p12: Option<Source>,
    cert: Option<Source>,
    key: Option<Source>,
    password: Option<Source>,
}

impl IdentityFiles {
    /// The files of flags, else of paths in the environment, else texts there; both kinds in one
    /// place are an error.
    pub(crate) fn find(args: &GatewayArgs) -> anyhow::Result<Option<Self>> {
        let p12 = P12.find(args.p12.as_deref());
        let cert = CERT.find(args.cert.as_deref());
        let key = KEY.find(args.key.as_deref());
        let pair = [&cert, &key].into_iter().flatten();
        let p12 = match (p12, pair.min_by_key(|it| it.place)) {
            (None, None) => return Ok(None),
            (Some(p12), Some(pem)) if pem.place == p12.place => bail!(
                "both a PEM pair ({}) and a PKCS#12 file ({}) are given: take one of them away",
                pem.by,
                p12.by
            ),
            (p12, pem) => p12.filter(|p12| pem.is_none_or(|pem| p12.place < pem.place)),
        };
        let password = match p12 {
            Some(_) => P12_PASSWORD.find(args.p12_password_file.as_deref()),
            None => KEY_PASSWORD.find(args.key_password_file.as_deref()),
        };
        Ok(Some(Self {
            p12,
            cert,
            key,
            password,
        }))
    }

    /// The way to give the part that is missing.
    pub(crate) fn missing(&self) -> Option<String> {
        match (&self.p12, &self.cert, &self.key) {
            (None, None, _) => Some(CERT.how() + " (or --p12, WXPAY_P12)"),
            (None, _, None) => Some(KEY.how()),
            _ => None,
        }
    }

    /// Reads the identity. The merchant id is the default password of a PKCS#12 file.
    pub(crate) fn load(&self, mch_id: Option<&MerchantId>) -> anyhow::Result<Identity> {
        self.read(mch_id)?.map_err(|error| {
            let hint = self.hint(&error).map(|hint| format!("; {hint}"));
            anyhow!("{self}: {error}{}", hint.unwrap_or_default())
        })
    }

    /// Reads the identity. The inner error is one of the identity, the outer one of a file.
    pub(crate) fn read(
        &self,
        mch_id: Option<&MerchantId>,
    ) -> anyhow::Result<Result<Identity, IdentityError>> {
        let password = self.password.as_ref().map(Source::line).transpose()?;
        let password = password.as_ref().map(|password| password.as_str());
        if let Some(p12) = &self.p12 {
            let password = password.or(mch_id.map(MerchantId::as_str));
            let password = password.context("the merchant id, its password, is missing")?;
            return Ok(Identity::from_pkcs12(&*p12.bytes()?, password));
        }
        let (Some(cert), Some(key)) = (&self.cert, &self.key) else {
            bail!("missing {}", self.missing().unwrap_or_default());
        };
        let (cert, key) = (cert.bytes()?, key.bytes()?);
        Ok(match password {
            None => Identity::from_pem(&*cert, &*key),
            Some(password) => Identity::from_pem_encrypted(&*cert, &*key, password),
        })
    }

    /// The settings that mend an error.
    pub(crate) fn hint(&self, error: &IdentityError) -> Option<&'static str> {
        use IdentityError::{PasswordMissing, WrongForm, WrongPassword};

        Some(match (&self.p12, error) {
            (Some(_), WrongPassword { .. }) if self.password.is_none() => {
                "its password is the id of the merchant that it was made for, which may be another: \
                 --p12-password-file"
            }
            (Some(_), WrongPassword { .. }) if self.password.as_ref()?.value.is_empty() => {
                "WXPAY_P12_PASSWORD is set, and empty: unset it if the password is the merchant id"
            }
            (_, PasswordMissing) => "by --key-password-file or WXPAY_KEY_PASSWORD",
            (p12, WrongForm { found, .. }) => match (p12, found) {
                (None, Form::Pkcs12) => "by --p12 or WXPAY_P12, in place of --cert and --key",
                (Some(_), Form::Certificate | Form::PrivateKey) => {
                    "by --cert and --key, in place of --p12"
                }
                _ => return None,
            },
            _ => return None,
        })
    }
}

impl fmt::Display for IdentityFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(p12) = &self.p12 {
            let own = self.password.as_ref().map(|_| "a password of its own");
            let password = own.unwrap_or("the merchant id as password");
            return write!(f, "the PKCS#12 file {p12} with {password}");
        }
        let path = |source: &Option<Source>| {
            let path = source.as_ref().map(ToString::to_string);
            path.unwrap_or_else(|| "(missing)".to_owned())
        };
        let password = self.password.as_ref().map_or("", |_| " and its password");
        let (cert, key) = (path(&self.cert), path(&self.key));
        write!(f, "the certificate {cert} with the key {key}{password}")
    }
}

/// The merchant id in the common name of the certificate, if it is another one.
pub(crate) fn other_merchant<'a>(identity: &'a Identity, id: &MerchantId) -> Option<&'a str> {
    let name = identity.common_name()?;
    (name != id.as_str() && MerchantId::new(name).is_ok()).then_some(name)
}
