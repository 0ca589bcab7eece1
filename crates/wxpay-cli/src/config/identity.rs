//! The merchant's certificate and key: where they are, and under which password.

use std::fmt;

use anyhow::{Context, anyhow, bail};
use wxpay_media::{Identity, IdentityError, MerchantId};
use zeroize::Zeroizing;

use crate::{
    args::GatewayArgs,
    settings::{self, Source},
};

/// How to give the two, for messages.
pub(super) const CERT: &str = "the certificate: --cert or WXPAY_CERT (or --p12, WXPAY_P12)";
pub(super) const KEY: &str = "its private key: --key or WXPAY_KEY";

/// Where the identity is.
#[derive(Debug)]
pub(crate) enum IdentitySource {
    /// A PEM pair, of which one may be missing.
    Pem {
        cert: Option<Source>,
        key: Option<Source>,
        password: Option<Zeroizing<String>>,
    },
    /// One PKCS#12 file; its password is the merchant id unless given.
    Pkcs12 {
        file: Source,
        password: Option<Zeroizing<String>>,
    },
}

impl IdentitySource {
    /// What the flags name, else the paths in the environment, else the texts there; of a pair each by
    /// itself.
    ///
    /// Both kinds from one place are an error: which one is meant cannot be told.
    pub(crate) fn find(args: &GatewayArgs) -> anyhow::Result<Option<Self>> {
        let cert = settings::CERT.find(args.cert.as_deref());
        let key = settings::KEY.find(args.key.as_deref());
        let p12 = settings::P12.find(args.p12.as_deref());
        let pem = [&cert, &key]
            .into_iter()
            .flatten()
            .min_by_key(|it| it.place);
        match (pem, p12) {
            (None, None) => Ok(None),
            (Some(pem), Some(p12)) if pem.place == p12.place => bail!(
                "both a PEM pair ({}) and a PKCS#12 file ({}) are given: take one of them away",
                pem.by,
                p12.by
            ),
            (pem, Some(file)) if pem.is_none_or(|pem| file.place < pem.place) => {
                let password = settings::P12_PASSWORD.find(args.p12_password_file.as_deref());
                Ok(Some(Self::Pkcs12 {
                    file,
                    password: password.map(|source| source.line()).transpose()?,
                }))
            }
            _ => {
                let password = settings::KEY_PASSWORD.find(args.key_password_file.as_deref());
                Ok(Some(Self::Pem {
                    cert,
                    key,
                    password: password.map(|source| source.line()).transpose()?,
                }))
            }
        }
    }

    /// What is still missing of it.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        match self {
            Self::Pem { cert, key, .. } => {
                let cert = cert.is_none().then_some(CERT);
                cert.into_iter()
                    .chain(key.is_none().then_some(KEY))
                    .collect()
            }
            Self::Pkcs12 { .. } => Vec::new(),
        }
    }

    /// Reads it. The merchant id is the password of a PKCS#12 file that has none of its own.
    pub(crate) fn load(&self, mch_id: Option<&MerchantId>) -> anyhow::Result<Identity> {
        self.read(mch_id)?.map_err(|error| {
            let hint = self
                .hint(&error)
                .map_or(String::new(), |hint| format!("; {hint}"));
            anyhow!("{self}: {error}{hint}")
        })
    }

    /// What to do about it with the settings of this program.
    pub(crate) fn hint(&self, error: &IdentityError) -> Option<&'static str> {
        match (self, error) {
            (Self::Pkcs12 { password: None, .. }, IdentityError::WrongPassword { .. }) => Some(
                "its password is the id of the merchant that it was made for, which may be another: \
                 --p12-password-file",
            ),
            _ => None,
        }
    }

    /// The same with what is wrong with the identity itself apart from files that cannot be read.
    pub(crate) fn read(
        &self,
        mch_id: Option<&MerchantId>,
    ) -> anyhow::Result<Result<Identity, IdentityError>> {
        match self {
            Self::Pem {
                cert,
                key,
                password,
            } => {
                let cert = cert.as_ref().context(CERT)?.bytes()?;
                let key = key.as_ref().context(KEY)?.bytes()?;
                Ok(match password {
                    None => Identity::from_pem(&*cert, &*key),
                    Some(password) => Identity::from_pem_encrypted(&*cert, &*key, password),
                })
            }
            Self::Pkcs12 { file, password } => {
                let bytes = file.bytes()?;
                let password = match (password, mch_id) {
                    (Some(password), _) => password.as_str(),
                    (None, Some(id)) => id.as_str(),
                    (None, None) => bail!("the merchant id, its password, is missing"),
                };
                Ok(Identity::from_pkcs12(&*bytes, password))
            }
        }
    }
}

/// Of another merchant than is meant, where the certificate names one: those of the merchant platform
/// have the merchant id as their common name.
pub(crate) fn other_merchant<'a>(identity: &'a Identity, id: &MerchantId) -> Option<&'a str> {
    let name = identity.common_name()?;
    (name != id.as_str() && MerchantId::new(name).is_ok()).then_some(name)
}

impl fmt::Display for IdentitySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |source: &Option<Source>| {
            let source = source.as_ref();
            source.map_or("(missing)".to_owned(), ToString::to_string)
        };
        match self {
            Self::Pem {
                cert,
                key,
                password,
            } => {
                let (cert, key) = (shown(cert), shown(key));
                write!(f, "the certificate {cert} with the key {key}")?;
                match password {
                    None => Ok(()),
                    Some(_) => f.write_str(" and its password"),
                }
            }
            Self::Pkcs12 { file, password } => {
                let password = match password {
                    None => "the merchant id",
                    Some(_) => "a password of its own",
                };
                write!(f, "the PKCS#12 file {file} with {password} as password")
            }
        }
    }
}
