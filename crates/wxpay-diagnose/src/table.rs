//! The known mistakes: each has a name, messages, and steps that change the string.
//!
//! To add a mistake, add a row here and a case to `tests/independent/mistakes.py`. Of two rows that
//! give the same string the first is named, so a specific or frequent mistake precedes a general or
//! rare one.

use wxpay_sign::SignType;

use crate::{
    encoding::{Encoding::*, *},
    inputs::{Kind::*, api_name},
    mistake::{Row, if_possible, row},
    variant::{Algorithm::*, Step::*, WhichKey::Other, Whose::*, *},
};

#[rustfmt::skip]
#[allow(clippy::redundant_closure_for_method_calls, reason = "a method is for one lifetime alone")]
pub(crate) static TABLE: &[Row] = &[
    // The other algorithm, which is combined with every other row.
    row("hmac_for_md5",
        "it was signed with HMAC-SHA256, but no `sign_type` asks for that, and without one the gateway reads MD5",
        "send `sign_type=HMAC-SHA256` and sign it like any other field, or sign with MD5",
        "用了 HMAC-SHA256 签名,但没有 `sign_type` 说明;没有该字段时网关按 MD5 验签", "发送 `sign_type=HMAC-SHA256` 并让它参与签名,或者改用 MD5 签名")
        .each(|i| if_possible(i.asked_for() == SignType::Md5 && i.named_sign_type().is_none_or(|name| name == "MD5")))
        .common(&[&[Sign(HmacSha256)]]),
    row("sign_type_misspelt",
        "it was signed with HMAC-SHA256, but `sign_type` does not read exactly `HMAC-SHA256`, and the gateway takes all else for MD5",
        "send and sign `sign_type=HMAC-SHA256`, upper case, with a hyphen and without spaces",
        "用了 HMAC-SHA256 签名,但 `sign_type` 的值不是 `HMAC-SHA256`;其他值网关一律按 MD5 验签", "发送并签名 `sign_type=HMAC-SHA256`:大写,带连字符,不带空格")
        .each(|i| if_possible(i.asked_for() == SignType::Md5 && i.named_sign_type().is_some_and(|name| name != "MD5")))
        .common(&[&[Sign(HmacSha256)]]),
    row("md5_for_hmac",
        "it was signed with MD5, but `sign_type` asks for HMAC-SHA256",
        "sign with HMAC-SHA256 under the API key, or do not send `sign_type`",
        "用了 MD5 签名,但 `sign_type` 要求 HMAC-SHA256", "以 API 密钥为密钥改用 HMAC-SHA256 签名,或者不发送 `sign_type`")
        .each(|i| if_possible(i.asked_for() == SignType::HmacSha256)).common(&[&[Sign(Md5)]]),

    // The fields.
    row("field_repeated",
        "the field `{}` is sent more than once",
        "send each field once: which of two values is signed is not defined",
        "字段 `{}` 发送了多次", "每个字段只发送一次:重复时以哪个值签名没有规定")
        .each(|i| i.repeated().map(String::from).into_iter().collect())
        .common(&[&[Select(|i, _| i.one_of_equal(false))], &[Select(|i, _| i.one_of_equal(true))]]),
    row("sign_type_not_signed",
        "`sign_type` is sent but was not signed",
        "sign `sign_type` like any other field, in its place by name",
        "发送了 `sign_type`,但它没有参与签名", "让 `sign_type` 像其他字段一样按字段名排序参与签名")
        .common(&[&[Select(|i, _| i.without("sign_type"))]]),
    row("sign_type_not_sent",
        "`sign_type` was signed but is not sent",
        "send `sign_type` as a field of the form, with the value that was signed",
        "`sign_type` 参与了签名,但没有发送", "把 `sign_type` 作为表单字段发送,值与签名时相同")
        .each(|i| if_possible(i.named_sign_type().is_none())).common(OTHER_SIGN_TYPE),
    row("sign_type_changed",
        "`sign_type` was signed with another value than it is sent with",
        "send the very value that was signed, from one variable",
        "`sign_type` 签名时的值与发送的值不同", "签名和发送使用同一个变量")
        .each(|i| if_possible(i.named_sign_type().is_some())).common(OTHER_SIGN_TYPE),

    // Their order.
    row("media_hash_first",
        "the fields are in the wrong order: `media_hash` was joined before `mch_id`",
        "sort the names byte by byte: `mch_id` stands before `media_hash`, for c comes before e",
        "字段顺序错误:`media_hash` 排在了 `mch_id` 前面", "按字段名逐字节升序排列:c 小于 e,所以 `mch_id` 在 `media_hash` 前面")
        .common(&[&[Sort(|a, b| a.media_hash_first().cmp(&b.media_hash_first()))]]),
    row("sending_order",
        "the fields were joined in the order in which they were sent",
        "sort the fields by name, byte by byte, before joining them",
        "字段是按发送顺序拼接的", "拼接之前先按字段名逐字节升序排列")
        .common(&[&[AS_SENT]]),
    row("descending_order",
        "the fields were sorted from the last name to the first",
        "sort the fields by name in ascending order",
        "字段按字段名降序排列了", "按字段名升序排列")
        .rare(&[&[Sort(|a, b| b.name.cmp(&a.name))]]),
    row("order_ignores_case",
        "the fields were sorted without regard to upper and lower case",
        "sort the fields by the bytes of their names: all of A to Z stands before _ and a to z",
        "排序时忽略了大小写", "按字段名的字节排序:A 到 Z 都在 _ 和 a 到 z 之前")
        .rare(&[&[Sort(|a, b| a.name.to_lowercase().cmp(&b.name.to_lowercase()))]]),
    row("sorted_by_value",
        "the fields were sorted by value",
        "sort the fields by name (in PHP `ksort`, not `asort` or `sort`)",
        "字段是按值排序的", "按字段名排序(PHP 用 `ksort`,不是 `asort` 或 `sort`)")
        .rare(&[&[Sort(|a, b| a.value.cmp(b.value))]]),
    row("sorted_by_pair",
        "the fields were sorted after they were joined to `name=value`",
        "sort the names alone and join them with their values afterwards",
        "先拼成 `name=value` 再排序了", "只按字段名排序,之后再与值拼接")
        .rare(&[&[Sort(|a, b| a.pair().cmp(&b.pair()))]]),

    // Fields that are not to be signed, and those that are.
    row("empty_signed",
        "fields with an empty value were signed",
        "leave fields with an empty value out of the string",
        "值为空的字段参与了签名", "值为空的字段不参与签名")
        .common(&[&[Select(|i, _| i.and_empty())]]),
    row("sign_signed",
        "`sign` itself was among the fields that were signed",
        "leave `sign` out of the string, and sign a fresh set of fields each time",
        "`sign` 本身参与了签名", "`sign` 不参与签名;每次都用一组新的字段来签名")
        .common(&[
            &[Select(|i, _| i.with_text("sign", ""))],
            &[Select(|i, _| i.with("sign", Masked, i.first_pass, &[]))],
        ])
        .rare(&[
            &[Select(|i, _| i.with("sign", Hidden, i.value("sign")?.as_bytes(), &[]))],
            &[Select(|i, _| i.with_text("sign", "null"))],
            &[Select(|i, _| i.with_text("sign", "undefined"))],
            &[Select(|i, _| i.with_text("sign", "None"))],
        ]),
    row("file_name_signed",
        "the file's name was signed",
        "leave the file and its name out of the string: the file is covered by `media_hash`",
        "文件名参与了签名", "文件和文件名都不参与签名:文件由 `media_hash` 保证")
        .common(&[&[Select(|i, _| i.with_text("media", i.request.file_name?))]])
        .rare(&[
            // As in curl and older PHP.
            &[Select(|i, _| i.with("media", Text, i.request.file_name?.as_bytes(), &[Between("@", "")]))],
            &[Select(|i, _| i.with_text("filename", i.request.file_name?))],
            &[Select(|i, _| i.with_text("file_name", i.request.file_name?))],
        ]),
    row("media_signed",
        "the file's field `media` was among the fields that were signed",
        "leave `media` out of the string: the file is covered by `media_hash`",
        "文件字段 `media` 参与了签名", "`media` 不参与签名:文件由 `media_hash` 保证")
        .common(&[&[Select(|i, _| i.with_text("media", ""))]])
        .rare(&[
            &[Select(|i, _| i.with_text("media", i.value("media")?))],
            &[Select(|i, _| i.with_text("media", i.value("media_hash")?))],
            // As JavaScript and PHP print a value that is no text.
            &[Select(|i, _| i.with_text("media", "[object Object]"))],
            &[Select(|i, _| i.with_text("media", "[object File]"))],
            &[Select(|i, _| i.with_text("media", "[object Blob]"))],
            &[Select(|i, _| i.with_text("media", "Array"))],
        ]),
    row("key_sent",
        "a field `key` is sent",
        "do not send `key`: the API key is part of the string that is signed, never of the request",
        "发送了字段 `key`", "不要发送 `key`:API 密钥只出现在签名原串里,绝不出现在请求里")
        .rare(&[&[Select(|i, _| i.without("key"))]]),
    row("field_not_signed",
        "the field `{}` is sent but was not signed",
        "sign every field that is sent and not empty, except `sign` and the file",
        "发送了字段 `{}`,但它没有参与签名", "除 `sign` 和文件之外,每个发送的非空字段都要参与签名")
        .each(|i| i.names()).rare(&[&[Select(|i, about| i.without(about))]]),
    row("field_renamed",
        "the field `{}` was signed under another spelling of its name than it is sent under",
        "sign and send each name as the API writes it: `mch_id`, `media_hash`, `sign_type`",
        "字段 `{}` 签名时的字段名写法与发送时不同", "签名和发送都使用 API 规定的字段名:`mch_id`、`media_hash`、`sign_type`")
        .each(|i| i.names().into_iter().filter(|name| api_name(name).is_some()).collect())
        .rare(&[
            &[Rename(One, JOINED)], &[Rename(One, CAMEL)], &[Rename(One, CAMEL_ID)], &[Rename(One, KEBAB)],
            &[Rename(One, PASCAL)], &[Rename(One, UPPER)], &[Rename(One, API)],
        ]),
    row("field_renamed",
        "the fields were signed under other spellings of their names than they are sent under",
        "sign and send each name as the API writes it: `mch_id`, `media_hash`, `sign_type`",
        "各字段签名时的字段名写法与发送时不同", "签名和发送都使用 API 规定的字段名:`mch_id`、`media_hash`、`sign_type`")
        .rare(&[
            &[Rename(All, JOINED)], &[Rename(All, CAMEL)], &[Rename(All, CAMEL_ID)], &[Rename(All, KEBAB)],
            &[Rename(All, PASCAL)], &[Rename(All, UPPER)], &[Rename(All, API)],
        ]),

    // The key: where it stands.
    row("key_first",
        "the API key was put before the fields",
        "append `&key=` and the API key at the end of the string",
        "API 密钥放在了字段前面", "在字符串末尾追加 `&key=` 和 API 密钥")
        .common(&[&[PlaceKey("*{}")], &[PlaceKey("key=*&{}")]])
        .rare(&[&[PlaceKey("*&{}")], &[PlaceKey("key=*{}")]]),
    // The same string as of the row before where no name sorts before `key`.
    row("key_sorted",
        "`key` was sorted among the fields",
        "join the sorted fields first, then append `&key=` and the API key, and never send it",
        "`key` 和其他字段一起排序了", "先拼接排好序的字段,再追加 `&key=` 和 API 密钥,并且不要发送它")
        .common(&[&[PlaceKey("{*}")]]),
    row("key_missing",
        "the API key is not in the string that was signed",
        "append `&key=` and the API key to the string",
        "签名原串里没有 API 密钥", "在字符串末尾追加 `&key=` 和 API 密钥")
        .common(&[&[PlaceKey("{}")]]).only(Md5),
    row("hmac_without_key_in_string",
        "HMAC was given the API key, but the string that was signed does not end in it",
        "append `&key=` and the API key to the string for HMAC-SHA256 too",
        "HMAC 用了 API 密钥,但签名原串末尾没有它", "使用 HMAC-SHA256 时同样要在字符串末尾追加 `&key=` 和 API 密钥")
        .common(&[&[PlaceKey("{}")]]).only(HmacSha256),
    row("key_joined_bare",
        "the API key was appended without `&key=`",
        "put `&key=` between the fields and the API key",
        "直接追加了 API 密钥,没有 `&key=`", "在字段和 API 密钥之间加上 `&key=`")
        .common(&[&[PlaceKey("{}*")], &[PlaceKey("{}&*")]]),
    row("key_ampersand_missing",
        "the API key was appended with `key=`, without the `&` before it",
        "put `&key=` between the fields and the API key",
        "API 密钥前只有 `key=`,缺少 `&`", "在字段和 API 密钥之间加上 `&key=`")
        .common(&[&[PlaceKey("{}key=*")]]),
    row("key_renamed",
        "the API key was appended under another name than `key`, or under that name in another case",
        "append it as `&key=` in lower case",
        "追加 API 密钥时用的名字不是小写的 `key`", "用小写的 `&key=` 追加")
        .common(&[&[PlaceKey("{}&KEY=*")]])
        .rare(&[
            &[PlaceKey("{}&Key=*")], &[PlaceKey("{}&api_key=*")], &[PlaceKey("{}&apikey=*")],
            &[PlaceKey("{}&apiKey=*")], &[PlaceKey("{}&app_key=*")], &[PlaceKey("{}&mch_key=*")],
            &[PlaceKey("{}&partner_key=*")], &[PlaceKey("{}&secret=*")],
        ]),
    row("key_twice",
        "the API key is in the string twice",
        "append `&key=` and the API key once, after the fields",
        "签名原串里有两个 API 密钥", "只在字段之后追加一次 `&key=` 和 API 密钥")
        .rare(&[&[PlaceKey("{}&key=*&key=*")], &[PlaceKey("{*}&key=*")], &[PlaceKey("*{}*")]]),

    // The key: how it reads.
    row("key_line_end",
        "the API key has a line end or a space beside it",
        "trim the API key when it is read",
        "API 密钥前后有换行或空格", "读取 API 密钥时去掉首尾空白")
        .common(&[&[key(&[Between("", "\n")])], &[key(&[Between("", "\r\n")])], &[key(&[Between("", " ")])]])
        .rare(&[
            &[key(&[Between("", "\r")])], &[key(&[Between("", "\t")])],
            &[key(&[Between(" ", "")])], &[key(&[Between(" ", " ")])],
        ]),
    row("key_quoted",
        "the API key has quotes around it",
        "remove the quotes from the API key: the setting holds them as part of its value",
        "API 密钥带着引号", "去掉 API 密钥的引号:配置把引号当作了值的一部分")
        .common(&[&[key(&[Between("\"", "\"")])], &[key(&[Between("'", "'")])]]),
    row("key_byte_order_mark",
        "the API key begins with a byte order mark",
        "save the API key's file as UTF-8 without a byte order mark",
        "API 密钥以 BOM 开头", "把 API 密钥文件存为不带 BOM 的 UTF-8")
        .rare(&[&[key(&[Between("\u{feff}", "")])]]),
    row("key_upper_case",
        "the API key is in upper case",
        "use the API key as it is set: upper and lower case differ",
        "API 密钥变成了大写", "使用设置时的 API 密钥:密钥区分大小写")
        .common(&[&[key(&[UpperCase])]]),
    row("key_lower_case",
        "the API key is in lower case",
        "use the API key as it is set: upper and lower case differ",
        "API 密钥变成了小写", "使用设置时的 API 密钥:密钥区分大小写")
        .common(&[&[key(&[LowerCase])]]),
    row("key_hashed",
        "the MD5 of the API key was used in place of the key",
        "use the API key as it is set, without hashing it",
        "用 API 密钥的 MD5 代替了密钥", "直接使用设置的 API 密钥,不要再做摘要")
        .rare(&[&[key(&[Hashed, HEX_UPPER, LowerCase])], &[key(&[Hashed, HEX_UPPER])]]),
    row("key_empty",
        "the key was empty, or a setting that is not there (`undefined`, `null`, `None`)",
        "look at how the API key is read: the program had none",
        "密钥为空,或者是不存在的配置(`undefined`、`null`、`None`)", "检查读取 API 密钥的代码:程序没有拿到密钥")
        .common(&[&[key(&[Instead("")])]])
        .rare(&[
            &[key(&[Instead("undefined")])], &[key(&[Instead("null")])], &[key(&[Instead("None")])],
            &[PlaceKey("{}&key=")],
        ]),
    row("other_key",
        "it was signed with another key, number {} of those tried",
        "use the current API v2 key: neither an earlier one nor the API v3 key",
        "用了另一个密钥签名:所试密钥中的第 {} 个", "使用当前的 API v2 密钥:不是旧密钥,也不是 API v3 密钥")
        .each(|i| i.key_numbers())
        .common(&[&[TakeKey(Other, &[])]]),

    // The key: what HMAC alone was given.
    row("hmac_key_hashed",
        "HMAC was keyed with the MD5 of the API key",
        "key HMAC with the API key itself",
        "HMAC 的密钥是 API 密钥的 MD5", "HMAC 的密钥就是 API 密钥本身")
        .common(&[&[HmacKey(&[Hashed, HEX_UPPER, LowerCase])], &[HmacKey(&[Hashed, HEX_UPPER])]])
        .rare(&[&[HmacKey(&[Hashed])]]).only(HmacSha256),
    row("hmac_key_decoded",
        "HMAC was keyed with the bytes that the API key's digits stand for",
        "key HMAC with the API key's 32 characters, without decoding them",
        "HMAC 的密钥是 API 密钥按十六进制解码后的字节", "HMAC 的密钥是 API 密钥的 32 个字符,不要解码")
        .rare(&[&[HmacKey(&[FromHex])]]).only(HmacSha256),
    row("hmac_key_empty",
        "HMAC was keyed with nothing",
        "key HMAC with the API key, beside appending `&key=` and the key to the string",
        "HMAC 的密钥为空", "除了在字符串末尾追加 `&key=` 和 API 密钥,HMAC 也要以 API 密钥为密钥")
        .rare(&[&[HmacKey(&[Instead("")])]]).only(HmacSha256),
    row("hmac_arguments_swapped",
        "HMAC took the string for its key and the API key for its message",
        "swap the two arguments of HMAC",
        "HMAC 的两个参数颠倒了:字符串成了密钥,API 密钥成了消息", "交换 HMAC 的两个参数")
        .rare(&[&[SwapHmac]]).only(HmacSha256),
    row("key_not_last",
        "something follows the API key in the string",
        "end the string with the API key",
        "签名原串里 API 密钥后面还有别的内容", "字符串以 API 密钥结尾")
        .rare(&[&[PlaceKey("{}&key=*&")], &[PlaceKey("{}&key=*\n")], &[PlaceKey("{}&key=*\r\n")]]),

    // The values.
    row("values_url_encoded",
        "values were URL-encoded before they were signed",
        "sign the values raw, without URL encoding (`http_build_query` and its kin encode)",
        "值在签名之前做了 URL 编码", "用原始值签名,不做 URL 编码(`http_build_query` 等函数会编码)")
        .common(&[&[Write(All, &[RFC_3986])], &[Write(All, &[PHP])]])
        .rare(&[
            &[Write(All, &[JAVA_SCRIPT])], &[Write(All, &[JAVA])], &[Write(All, &[PYTHON])],
            &[Write(All, &[GO])], &[Write(All, &[DOT_NET])],
        ]),
    row("values_url_decoded",
        "values are sent URL-encoded but were signed before that",
        "send the values raw: multipart fields are not URL-encoded",
        "发送的值做了 URL 编码,而签名用的是编码之前的值", "发送原始值:multipart 字段不做 URL 编码")
        .rare(&[&[Write(All, &[UrlDecoded])]]),
    row("values_trimmed",
        "values were signed without the white space around them, but are sent with it",
        "trim the values before they are signed and sent, not in between",
        "签名用的值去掉了首尾空白,发送的却没有去掉", "先去掉首尾空白,再签名和发送")
        .common(&[&[Write(All, &[Trimmed])]]),
    row("value_line_end",
        "values were signed with a line end or a space after them",
        "trim the values before they are signed: output of commands and lines of files end in a line end",
        "签名用的值末尾带有换行或空格", "签名之前去掉首尾空白:命令的输出和文件的行都以换行结尾")
        .common(&[&[Write(All, &[Between("", "\n")])]]).rare(&[&[Write(All, &[Between("", "\r\n")])]]),
    row("media_hash_in_other_case",
        "`media_hash` was signed in another case than it is sent in",
        "write `media_hash` in lower-case digits, once, and sign and send that",
        "`media_hash` 签名时与发送时的大小写不同", "`media_hash` 用小写十六进制,只生成一次,签名和发送用同一个值")
        .each(|_| vec!["media_hash".to_owned()])
        .rare(&[&[Write(One, &[UpperCase])], &[Write(One, &[LowerCase])]]),
    row("values_in_other_case",
        "values were signed in upper or lower case, but are not sent so",
        "sign the values as they are sent",
        "签名用的值改变了大小写,与发送的不同", "用发送的值来签名")
        .rare(&[&[Write(All, &[UpperCase])], &[Write(All, &[LowerCase])]]),
    row("values_html_escaped",
        "values were signed with HTML escapes",
        "sign the values raw, without `htmlspecialchars` or its kin",
        "签名用的值做了 HTML 转义", "用原始值签名,不用 `htmlspecialchars` 等函数")
        .rare(&[&[Write(All, &[Html])]]),
    row("value_line_end",
        "the value of `{}` was signed with a line end or a space after it",
        "trim the values before they are signed: output of commands and lines of files end in a line end",
        "`{}` 签名用的值末尾带有换行或空格", "签名之前去掉首尾空白:命令的输出和文件的行都以换行结尾")
        .each(|i| i.names())
        .rare(&[
            &[Write(One, &[Between("", "\n")])], &[Write(One, &[Between("", "\r\n")])],
            &[Write(One, &[Between("", " ")])],
        ]),

    // How they are joined.
    row("html_separator",
        "the fields were joined with `&amp;`",
        "join the fields with a bare `&` (in PHP see `arg_separator.output`)",
        "字段之间用了 `&amp;`", "字段之间只用 `&`(PHP 请检查 `arg_separator.output`)")
        .common(&[&[Join("N=V&amp;N=V", &[]), PlaceKey("{}&amp;key=*")], &[Join("N=V&amp;N=V", &[])]]),
    row("other_separator",
        "the fields were joined with something else than `&`, or with nothing",
        "join the fields as `a=1&b=2`",
        "字段之间用的不是 `&`,或者没有分隔符", "拼接成 `a=1&b=2` 的形式")
        .common(&[&[Join("N=V,N=V", &[]), PlaceKey("{},key=*")], &[Join("N=V,N=V", &[])]])
        .rare(&[
            &[Join("N=VN=V", &[])], &[Join("N=VN=V", &[]), PlaceKey("{}key=*")], &[Join("N=VN=V", &[]), PlaceKey("{}*")],
            &[Join("N=V\nN=V", &[])], &[Join("N=V\nN=V", &[]), PlaceKey("{}\nkey=*")],
            &[Join("N=V|N=V", &[]), PlaceKey("{}|key=*")], &[Join("N=V;N=V", &[]), PlaceKey("{};key=*")],
        ]),
    row("extra_separator",
        "the string has one `&` or `?` too many",
        "put one `&` between two fields and one before `key=`, and nothing before the first",
        "签名原串多了一个 `&` 或 `?`", "字段之间和 `key=` 之前各一个 `&`,第一个字段前面什么都没有")
        .rare(&[
            &[PlaceKey("{}&&key=*")],
            &[PlaceKey("&{}&key=*")], &[PlaceKey("?{}&key=*")],
        ]),
    row("names_not_joined",
        "names and values were joined without `=`, or the values without their names",
        "join the fields as `a=1&b=2`",
        "字段名和值之间没有 `=`,或者只拼接了值", "拼接成 `a=1&b=2` 的形式")
        .rare(&[
            &[Join("NVNV", &[]), PlaceKey("{}key*")], &[Join("NVNV", &[]), PlaceKey("{}*")],
            &[Join("NVNV", &[]), PlaceKey("*{}*")], &[Join("V&V", &[])],
            &[Join("V&V", &[]), PlaceKey("{}&*")],
            &[Join("VV", &[]), PlaceKey("{}*")],
        ]),
    row("values_quoted",
        "values were signed in quotes",
        "join names and values as `name=value`, without quotes",
        "签名用的值带着引号", "拼接成 `name=value` 的形式,不加引号")
        .rare(&[&[Write(All, &[Between("\"", "\"")])], &[Write(All, &[Between("'", "'")])]]),
    row("object_signed",
        "the fields were signed as JSON, or as a map prints itself",
        "join the fields as `a=1&b=2`",
        "签名的是 JSON,或者是 Map、字典直接打印出来的样子", "拼接成 `a=1&b=2` 的形式")
        .common(&[&[JSON]])
        .rare(&[
            &[JSON, PlaceKey("{}*")], &[JSON, PlaceKey("{}")],
            &[JSON, PlaceKey("{*}")], &[JSON, AS_SENT],
            &[JSON, AS_SENT, PlaceKey("{}*")], &[JSON, AS_SENT, PlaceKey("{}")],
            &[PYTHON_JSON], &[PYTHON_JSON, AS_SENT],
            &[Join("{N=V, N=V}", &[])],
            &[PYTHON_DICT], &[PYTHON_DICT, AS_SENT],
        ]),

    // The whole string, and its hash.
    row("string_byte_order_mark",
        "the string that was signed begins with a byte order mark",
        "sign UTF-8 without a byte order mark",
        "签名原串以 BOM 开头", "用不带 BOM 的 UTF-8 签名")
        .rare(&[&[Encode(&[Between("\u{feff}", "")])]]),
    row("string_in_one_case",
        "the whole string, key and all, was put into upper or lower case before it was hashed",
        "change the case of the digits that come out, not of the string that goes in",
        "整个签名原串(连同密钥)在计算摘要之前转换了大小写", "转换的是计算结果的大小写,不是输入的字符串")
        .rare(&[&[Encode(&[UpperCase])], &[Encode(&[LowerCase])]]),
    row("string_url_encoded",
        "the whole string was URL-encoded before it was hashed",
        "sign the string raw, without URL encoding",
        "整个签名原串在计算摘要之前做了 URL 编码", "用原始字符串签名,不做 URL 编码")
        .rare(&[&[Encode(&[RFC_3986])], &[Encode(&[PHP])], &[Encode(&[DOT_NET])]]),
    row("string_not_utf8",
        "the string was hashed in another character set than UTF-8",
        "hash the bytes of the string in UTF-8, and name that character set rather than take the platform's",
        "计算摘要时字符串的编码不是 UTF-8", "用字符串的 UTF-8 字节计算摘要,并明确指定编码,不要用平台默认值")
        .rare(&[&[Encode(&[Latin1])], &[Encode(&[LowBytes])], &[Encode(&[Latin1AsUtf8])], &[Encode(&[Utf16LittleEndian])]]),
    row("sha256_without_hmac",
        "it is a plain SHA-256 of the string, without HMAC",
        "sign with HMAC-SHA256 under the API key, with `sign_type=HMAC-SHA256` sent and signed",
        "只做了 SHA-256,没有用 HMAC", "以 API 密钥为密钥做 HMAC-SHA256,并让 `sign_type=HMAC-SHA256` 参与签名和发送")
        .common(&[&[Sign(Sha256)]]),
    row("hmac_md5",
        "it was signed with HMAC over MD5",
        "sign with plain MD5, or with HMAC over SHA-256 and `sign_type=HMAC-SHA256` sent and signed",
        "用了 HMAC-MD5 签名", "用普通的 MD5,或者用 HMAC-SHA256 并让 `sign_type=HMAC-SHA256` 参与签名和发送")
        .rare(&[&[Sign(HmacMd5)]]),
    row("hashed_twice",
        "the string was hashed with MD5 before it was signed",
        "hash the string itself, once",
        "签名之前先对字符串做了一次 MD5", "只对字符串本身计算一次摘要")
        .common(&[&[Encode(&[Hashed, HEX_UPPER, LowerCase])], &[Encode(&[Hashed, HEX_UPPER])]])
        .rare(&[&[Encode(&[Hashed])]]),
    // These hash the whole file, so they come last.
    row("content_signed",
        "the file's bytes were signed",
        "leave `media` out of the string: the file is covered by `media_hash`",
        "文件内容参与了签名", "`media` 不参与签名:文件由 `media_hash` 保证")
        .rare(&[
            &[Select(|i, _| i.with_content(None))], &[Select(|i, _| i.with_content(Some(0)))],
            &[Select(|i, _| i.with_content(Some(1)))], &[Select(|i, _| i.with_content(Some(2)))],
        ]),

    // How the digest is written.
    row("truncated",
        "the signature is cut to 32 digits",
        "send all 64 digits of an HMAC-SHA256 signature, whatever lengths the API's table states",
        "签名被截断成了 32 位", "HMAC-SHA256 签名要发送全部 64 位,不管接口文档的表格写的长度")
        .written(&[&[FirstBytes(16), HEX_UPPER]]),
    row("digits_separated",
        "the signature's digits have separators between them",
        "write the digits without separators",
        "签名的十六进制数字之间有分隔符", "去掉分隔符")
        .written(&[&[Hex("-", false, false)], &[Hex(":", false, false)], &[Hex(" ", false, false)]]),
    row("zeros_missing",
        "zeros are missing from the signature's digits",
        "write each byte in two digits, with leading zeros",
        "签名的十六进制数字缺少了 0", "每个字节写成两位,不足补 0")
        .written(&[&[HEX_UPPER, WithoutLeadingZeros], &[Hex("", true, false)]]),
    row("sign_extended",
        "the signature's bytes were written as signed numbers, `ffffff9e` for `9e`",
        "take each byte `& 0xff` and write it in two digits",
        "签名的字节按有符号数输出了(`9e` 写成了 `ffffff9e`)", "每个字节先 `& 0xff`,再写成两位")
        .written(&[&[Hex("", true, true)], &[Hex("", false, true)]]),
    row("hex_twice",
        "the signature's digits were written in hexadecimal digits once more",
        "write the digest in digits once: the hash function's result has them already",
        "签名被十六进制编码了两次", "只做一次十六进制编码:摘要函数的结果已经是十六进制了")
        .written(&[&[HEX_UPPER, LowerCase, HEX_UPPER], &[HEX_UPPER, HEX_UPPER]]),
    row("base64",
        "the signature is written in Base64",
        "write the signature in upper-case hexadecimal digits",
        "签名写成了 Base64", "签名用大写十六进制")
        .written(&[&[Base64Unpadded], &[HEX_UPPER, LowerCase, Base64Unpadded], &[HEX_UPPER, Base64Unpadded]]),
    row("lower_case",
        "the signature is written with lower-case digits",
        "write the digits A to F in upper case",
        "签名用了小写的十六进制数字", "A 到 F 用大写"),
    row("padded",
        "the signature has white space or quotes around it",
        "send the digits alone",
        "签名前后有空白或引号", "只发送签名本身"),
];

/// `sign_type` has another value in the string than in the request, or is not sent.
const OTHER_SIGN_TYPE: &[&[Step]] = &[
    &[SIGN_TYPE_HMAC, Sign(HmacSha256)],
    &[Select(|i, _| i.with_text("sign_type", "MD5")), Sign(Md5)],
    &[SIGN_TYPE_HMAC, Sign(Md5)],
];

const SIGN_TYPE_HMAC: Step = Select(|i, _| i.with_text("sign_type", "HMAC-SHA256"));
