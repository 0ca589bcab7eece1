//! The page.

use http::StatusCode;

use super::{Shown, answer, faults, html::Html, language::Language, row};
use crate::fault::Effect;

pub(super) fn page(shown: &Shown, language: Language) -> answer::Answer {
    let say = |english, chinese| Html::escape(language.pick(english, chinese));
    let calls = shown.history.calls();
    let last = calls.last().map_or(0, |call| call.number);
    let rows = calls.iter().rev().map(|call| row::row(call, language));
    let buttons = Effect::samples().map(|effect| {
        let values = [("word", Html::escape(effect))];
        Html::fill(
            "<button name=\"fault\" value=\"{{word}}\">{{word}}</button>\n",
            &values,
        )
    });
    let armed = shown.faults.armed();
    let waiting = armed.iter().filter(|fault| !fault.is_spent()).count();
    let page = Html::fill(
        include_str!("assets/page.html"),
        &[
            ("language", Html::escape(language.tag())),
            ("origin", Html::escape(&shown.origin)),
            ("merchant_label", say("merchant", "商户号")),
            ("merchant", Html::escape(&shown.mch_id)),
            ("live", say("live", "实时更新中")),
            ("lost", say("no connection", "连接已断开")),
            ("faults_label", say("Faults on demand", "故障注入")),
            (
                "armed_count",
                if waiting > 0 {
                    Html::escape(format_args!("({waiting})"))
                } else {
                    Html::default()
                },
            ),
            ("next_label", say("next calls", "接下来的请求数")),
            ("every_label", say("every n-th", "每隔 n 次")),
            ("file_label", say("file name", "文件名")),
            ("buttons", buttons.collect()),
            ("own_label", say("as text", "自定义")),
            ("arm_label", say("arm", "启用")),
            ("list", faults::list(&armed, language)),
            ("calls_label", say("Calls", "请求")),
            ("last", Html::escape(last)),
            ("calls", rows.collect()),
            ("none_label", say("no call yet", "还没有请求")),
        ],
    );
    answer::html(StatusCode::OK, page)
}
