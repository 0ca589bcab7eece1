//! The proxy that the environment names.

use std::env::{self, VarError};

use super::{InvalidProxy, Proxy};

impl Proxy {
    /// The proxy of `HTTPS_PROXY`, else of `ALL_PROXY`, except for the hosts in `NO_PROXY`; each of
    /// them in lower case too, which goes first as it does in curl. `None` when no variable names
    /// one. `localhost`, the names below it and loopback addresses are reached directly.
    ///
    /// # Errors
    ///
    /// [`InvalidProxy`] when a variable holds what cannot be used: to connect without the proxy that
    /// was asked for could pass by a rule of the network.
    ///
    /// ```no_run
    /// use wxpay_transport::{Proxy, Transport};
    ///
    /// let mut builder = Transport::builder();
    /// if let Some(proxy) = Proxy::from_env()? {
    ///     builder = builder.proxy(proxy);
    /// }
    /// # Ok::<(), wxpay_transport::InvalidProxy>(())
    /// ```
    pub fn from_env() -> Result<Option<Self>, InvalidProxy> {
        Self::from_variables(|name| match env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(InvalidProxy::Uri),
        })
    }

    fn from_variables(
        read: impl Fn(&str) -> Result<Option<String>, InvalidProxy>,
    ) -> Result<Option<Self>, InvalidProxy> {
        let first_of = |names: &[&str]| {
            for name in names {
                match read(name)? {
                    // Set to nothing is the usual way to unset.
                    Some(value) if !value.trim().is_empty() => return Ok(Some(value)),
                    _ => {}
                }
            }
            Ok(None)
        };
        let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
        let Some(uri) = first_of(&names)? else {
            return Ok(None);
        };
        let exceptions = first_of(&["no_proxy", "NO_PROXY"])?.unwrap_or_default();
        let mut proxy = Self::new(uri.trim())?.except(&exceptions);
        proxy.skips_loopback = true;
        Ok(Some(proxy))
    }
}

#[cfg(test)]
mod tests {
    use http::Uri;

    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Option<Proxy>, InvalidProxy> {
        Proxy::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            Ok(found.map(|(_, value)| (*value).to_owned()))
        })
    }

    fn name(variables: &[(&str, &str)]) -> Option<String> {
        from(variables).unwrap().map(|proxy| proxy.to_string())
    }

    #[test]
    fn lower_case_and_https_go_first() {
        let all = [
            ("ALL_PROXY", "http://d.test:4"),
            ("all_proxy", "http://c.test:3"),
            ("HTTPS_PROXY", "http://b.test:2"),
            ("https_proxy", "http://a.test:1"),
            ("HTTP_PROXY", "http://never.test"),
        ];
        assert_eq!(name(&all).as_deref(), Some("a.test:1"));
        assert_eq!(name(&all[..3]).as_deref(), Some("b.test:2"));
        assert_eq!(name(&all[..2]).as_deref(), Some("c.test:3"));
        assert_eq!(name(&all[..1]).as_deref(), Some("d.test:4"));
        assert_eq!(name(&all[4..]), None);
        assert_eq!(name(&[]), None);
    }

    #[test]
    fn an_empty_variable_is_none() {
        assert_eq!(name(&[("https_proxy", "")]), None);
        let other = [("https_proxy", " "), ("HTTPS_PROXY", "b.test:2")];
        assert_eq!(name(&other).as_deref(), Some("b.test:2"));
    }

    #[test]
    fn exceptions_come_along() {
        let variables = [("HTTPS_PROXY", "b.test:2"), ("NO_PROXY", "a.test")];
        let proxy = from(&variables).unwrap().unwrap();
        assert!(!proxy.applies_to(&Uri::from_static("https://a.test/")));
        assert!(proxy.applies_to(&Uri::from_static("https://c.test/")));
    }

    #[test]
    fn loopback_is_reached_directly_unless_the_proxy_is_given_by_hand() {
        let environment = from(&[("HTTPS_PROXY", "b.test:2")]).unwrap().unwrap();
        let given = Proxy::new("b.test:2").unwrap();
        for (server, is_loopback) in [
            ("https://localhost:8443/", true),
            ("https://LocalHost./", true),
            ("https://a.localhost/", true),
            ("https://127.0.0.1/", true),
            ("https://127.8.9.1:1/", true),
            ("https://[::1]:8443/", true),
            ("https://[::ffff:127.0.0.1]/", true),
            ("https://notlocalhost/", false),
            ("https://localhost.test/", false),
            ("https://128.0.0.1/", false),
        ] {
            let server = Uri::from_static(server);
            assert_eq!(environment.applies_to(&server), !is_loopback, "{server}");
            assert!(given.applies_to(&server), "{server}");
        }
    }

    #[test]
    fn an_asterisk_in_no_proxy_is_for_addresses_too() {
        let variables = [("HTTPS_PROXY", "b.test:2"), ("NO_PROXY", "*")];
        let proxy = from(&variables).unwrap().unwrap();
        for server in [
            "https://a.test/",
            "https://192.0.2.1/",
            "https://[2001:db8::1]/",
        ] {
            assert!(!proxy.applies_to(&Uri::from_static(server)), "{server}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_not_passed_over() {
        let error = from(&[("https_proxy", "socks5://a.test")]).unwrap_err();
        assert_eq!(error, InvalidProxy::Scheme);
    }
}
