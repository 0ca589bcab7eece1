//! The languages of the page.

use http::{HeaderMap, header};

/// A language that the page speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Chinese,
}

impl Language {
    /// What the browser likes best of the two; English where it likes neither.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let wanted = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let known = wanted.split(',').filter_map(|item| {
            let (tag, quality) = item.split_once(';').unwrap_or((item, "q=1"));
            let quality = quality.trim().strip_prefix("q=")?.parse::<f32>().ok()?;
            let tag = tag.trim().split('-').next()?.to_ascii_lowercase();
            let language = match tag.as_str() {
                "zh" => Self::Chinese,
                "en" => Self::English,
                _ => return None,
            };
            (quality > 0.0).then_some((quality, language))
        });
        // The first of equals.
        let best = known.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map_or(Self::English, |(_, language)| language)
    }

    pub(super) fn tag(self) -> &'static str {
        self.pick("en", "zh-CN")
    }

    /// The one of two texts that is in this language.
    pub(super) fn pick(self, english: &'static str, chinese: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// A rule of the gateway, by its name.
    pub(super) fn rule(self, name: &'static str) -> &'static str {
        let chinese = match name {
            "method" => "请求方法",
            "path" => "路径",
            "client certificate" => "客户端证书",
            "form" => "表单",
            "required fields" => "必填字段",
            "formats" => "字段格式",
            "merchant" => "商户号",
            "signature" => "签名",
            "picture" => "图片",
            "hash" => "图片摘要",
            other => other,
        };
        self.pick(name, chinese)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_choice() {
        for (wanted, language) in [
            ("", Language::English),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("en-US,en;q=0.9,zh-CN;q=0.8", Language::English),
            ("de, zh-TW;q=0.5, en;q=0.1", Language::Chinese),
            ("zh;q=0, de", Language::English),
            ("en;q=x, zh", Language::Chinese),
        ] {
            let headers = [(header::ACCEPT_LANGUAGE, wanted.parse().unwrap())];
            assert_eq!(
                Language::of(&headers.into_iter().collect()),
                language,
                "{wanted}"
            );
        }
    }
}
