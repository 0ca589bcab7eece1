//! The findings in words: a row for each, in English and in Chinese.

/// A row: its code, the problem and the remedy in English, the same in Chinese. Rows of one code
/// differ behind a slash. `{0}` is filled in as it is; a client's text, `{0:?}`, is cut and quoted.
pub(super) type Message = (&'static str, &'static str, &'static str);

#[rustfmt::skip] // English, then Chinese
pub(super) const MESSAGES: &[Message] = &[
    ("certificate-missing", "no client certificate was sent: give the HTTP client \
     apiclient_cert.pem and apiclient_key.pem, or apiclient_cert.p12 (curl: --cert and --key)",
     "没有发送客户端证书：请给 HTTP 客户端配置 apiclient_cert.pem 和 apiclient_key.pem，或 apiclient_cert.p12\
     （curl：--cert 和 --key）"),
    ("certificate-refused", "the client certificate is not accepted: {0}. Use that of this \
     sandbox: each folder of credentials has its own",
     "客户端证书未被接受（{0}）：请使用属于这个沙箱的证书，每个凭据目录都有自己的证书"),
    ("certificate-of-another", "the client certificate is for {0:?}; this sandbox's merchant is \
     {1}",
     "客户端证书属于 {0:?}，而这个沙箱的商户号是 {1}"),
    ("chunked", "the body is chunked, without a Content-Length, which WeChat's gateway may not \
     accept: build the form in memory (it is under 3 MB) and send it with its exact length",
     "请求体以 chunked 方式发送，没有 Content-Length：微信网关未必接受。请带准确的长度发送（在内存中生成表单，它不到 3 MB）"),
    ("body-cut", "the body ended after {0} bytes, and its Content-Length is {1}: was that computed \
     for other bytes, or did the client give up?",
     "请求体在 {0} 字节后中断，而 Content-Length 是 {1}：长度是按别的内容计算的，还是客户端中途放弃了？"),
    ("body-too-large", "the body is over 4 MiB: make the picture smaller than 2 MiB (2,097,152 \
     bytes)",
     "请求体超过 4 MiB：图片必须小于 2 MiB（2,097,152 字节），请压缩图片"),
    ("body-empty", "the request has no body: was the stream read before, to hash it?",
     "请求没有请求体：流是否在计算摘要时已经读完？"),
    ("content-type-repeated", "there are several Content-Type headers, and the first counts: set \
     none by hand, because the HTTP library sets the right one",
     "有多个 Content-Type 请求头，只有第一个有效：不要手动设置，HTTP 库会生成正确的值"),
    ("content-type-missing", "there is no Content-Type: it must be multipart/form-data with the \
     boundary",
     "没有 Content-Type：必须是带有表单 boundary 的 multipart/form-data"),
    ("not-multipart", "the Content-Type is {0:?}: send a form, multipart/form-data, with the \
     picture's bytes in a file field (no JSON, no XML, no URL encoding)",
     "Content-Type 是 {0:?}：本接口只接受 multipart/form-data 表单，图片内容放在文件字段中（不是 JSON、XML 或 URL 编码）"),
    ("boundary-missing", "the Content-Type multipart/form-data has no boundary: do not set it by \
     hand, because the HTTP library sets it with the boundary of its form",
     "Content-Type 为 multipart/form-data 但没有 boundary：不要手动设置这个请求头，HTTP 库会按生成的表单设置"),
    ("boundary-spaces", "there is white space around the boundary in the Content-Type: remove it",
     "Content-Type 里的 boundary 前后有空白：请写成 boundary=…，不带空白"),
    ("boundary-spaces/line", "there is white space behind a boundary line of the form, which \
     WeChat's parsers may not read: end the line with CR LF at once",
     "表单的分隔行后面有空白，微信的解析器未必能识别：分隔行后请直接写 CR LF"),
    ("boundary-quoted", "the boundary in the Content-Type is in quotes, which WeChat's parsers do \
     not read: write boundary=… of letters and digits, without quotes (.NET: \
     TryAddWithoutValidation)",
     "Content-Type 里的 boundary 带引号，微信的解析器不识别：请写成不带引号的 boundary=…，只用字母和数字（.NET：用 \
     TryAddWithoutValidation 重新设置）"),
    ("boundary-malformed", "the Content-Type cannot be read: write multipart/form-data; boundary=…",
     "Content-Type 无法解析：请写成 multipart/form-data; boundary=…，只用字母和数字，后面不带其他内容"),
    ("boundary-mismatch", "the boundary in the Content-Type is {0:?}, and the body begins with \
     {1:?}: take both from the same form",
     "Content-Type 里的 boundary 是 {0:?}，而请求体以 {1:?} 开头：两者必须来自同一个表单"),
    ("preamble", "there are {0} bytes before the first boundary; RFC 2046 allows them, WeChat's \
     parsers may not: begin the body with the boundary",
     "第一个分隔行之前有 {0} 字节：RFC 2046 允许，但微信的解析器未必接受；请让请求体直接以分隔行开头"),
    ("not-a-form", "the body does not begin with the boundary: it is not a form",
     "请求体不是以 boundary 开头：它不是表单"),
    ("line-ends", "a line of the form ends with LF alone: end boundary lines and headers with CR \
     LF (\\r\\n)",
     "表单中有只以 LF 结尾的行：分隔行和每个部分的头都必须以 CR LF（\\r\\n）结尾"),
    ("line-ends/cr", "a line of the form has a CR without LF: end lines with CR LF (\\r\\n)",
     "表单中有的行带有后面没有 LF 的 CR：分隔行和每个部分的头都必须以 CR LF（\\r\\n）结尾"),
    ("header-malformed", "a line behind a boundary is no header (is the empty line behind the headers \
     missing?), or has a control character (is the file name in UTF-16?)",
     "分隔行后面有一行不是请求头（是不是缺少头后面的空行？），或带有控制字符（文件名是 UTF-16 吗？）"),
    ("header-malformed/long", "a part has over 32 headers, or 8 KiB of them: two are enough",
     "某个部分的头超过 32 行或 8 KiB，微信的解析器未必能识别：只需要 Content-Disposition 和 Content-Type"),
    ("header-malformed/disposition", "the Content-Disposition of a part is not form-data, has an open \
     quote, or a name twice: write form-data; name=\"…\"",
     "某个部分的 Content-Disposition 不是 form-data、引号没有闭合或名称重复：请写成 form-data; name=\"…\""),
    ("header-folded", "a header of a part is folded, which no current parser reads: write it in \
     one line",
     "某个部分的头折成了两行，现在的解析器都不识别：请写成一行"),
    ("disposition-missing", "a part has no Content-Disposition: write Content-Disposition: \
     form-data; name=\"…\"",
     "表单中有的部分没有 Content-Disposition：每个部分都需要 Content-Disposition: form-data; name=\"…\""),
    ("field-unnamed", "the Content-Disposition of a part has no name: write form-data; name=\"…\"",
     "某个部分的 Content-Disposition 没有 name：请写成 form-data; name=\"…\""),
    ("form-not-closed", "the form does not end with --boundary--: is the body cut, or its \
     Content-Length too small?",
     "表单没有以分隔行加两个连字符（--boundary--）结束：请求体被截断，还是 Content-Length 太小？"),
    ("filename-before-name", "in the Content-Disposition of {0:?}, filename comes before name: \
     WeChat's parsers want name first",
     "{0:?} 的 Content-Disposition 中 filename 写在 name 前面：微信的解析器要求 name 在前"),
    ("filename-extended", "the Content-Disposition of {0:?} has filename*=, which WeChat's parsers \
     do not read: send only filename=\"…\", in UTF-8 or ASCII",
     "{0:?} 的 Content-Disposition 带有 filename*=，微信的解析器不识别：只发送 filename=\"…\"，用 UTF-8 或 ASCII 文件名"),
    ("transfer-encoding", "{0:?} has Content-Transfer-Encoding {1:?}, which no server decodes: \
     send its bytes as they are",
     "{0:?} 带有 Content-Transfer-Encoding {1:?}，没有服务器会解码：请原样发送字节"),
    ("field-repeated", "the field {0} is there {1} times: send it once",
     "字段 {0} 出现了 {1} 次：只发送一次"),
    ("field-repeated/other", "the field {0:?} is there more than once: send it once",
     "字段 {0:?} 出现了多次：只发送一次"),
    ("field-misnamed", "the field {0} is missing, and there is one called {1:?}: rename it",
     "缺少字段 {0}，但有一个叫 {1:?} 的字段：请改名"),
    ("field-missing", "the field {0} is missing",
     "缺少字段 {0}"),
    ("text-sent-as-file", "{0:?} was sent as a file: only media is a file, all others are text \
     fields",
     "{0:?} 作为文件发送了：只有 media 是文件，其他都是文本字段"),
    ("not-utf8", "the value of {0:?} is not UTF-8: is it GBK?",
     "{0:?} 的值不是 UTF-8：是 GBK 吗？"),
    ("not-utf8/name", "the name of the field {0:?} is not UTF-8: is it GBK?",
     "字段名 {0:?} 不是 UTF-8：是 GBK 吗？"),
    ("field-empty", "{0:?} is empty: empty values are not signed, and need not be sent",
     "{0:?} 是空的：空值不参与签名，也不必发送"),
    ("value-not-trimmed", "the value of {0:?} has white space around it, which is signed, too",
     "{0:?} 的值前后有空白，空白也会参与签名"),
    ("value-not-trimmed/line", "the value of {0:?} has a line end, which is signed, too",
     "{0:?} 的值带有换行，换行也会参与签名"),
    ("value-quoted", "the value of {0:?} has quotes around it, which are part of the value",
     "{0:?} 的值带有引号，引号也是值的一部分"),
    ("emoji", "{0:?} has a character beyond U+FFFF (an emoji): WeChat Pay cannot store it",
     "{0:?} 含有 U+FFFF 以上的字符（表情符号）：微信支付无法保存"),
    ("emoji/file", "the file name of media has a character beyond U+FFFF (an emoji): WeChat Pay \
     cannot store it",
     "media 的文件名含有 U+FFFF 以上的字符（表情符号）：微信支付无法保存"),
    ("merchant-unknown", "mch_id is {0:?}, and this sandbox's merchant is {1}",
     "mch_id 是 {0:?}，而这个沙箱的商户号是 {1}"),
    ("sign-type-unknown", "sign_type is {0:?}, which means MD5: only HMAC-SHA256 (in capitals, \
     with one hyphen) means HMAC",
     "sign_type 是 {0:?}，会被当作 MD5：只有 HMAC-SHA256（大写，一个连字符）才表示 HMAC"),
    ("signature/", "the signature is not right: ",
     "签名不正确："),
    ("signature-unknown/long", "the signature is not right; the text fields have {0} bytes, and \
     mistakes are searched in at most {1}",
     "签名不正确；文本字段有 {0} 字节，查找错误时最多看 {1} 字节"),
    ("media-too-large", "media has {0} bytes, and must be under 2,097,152: make it smaller",
     "media 有 {0} 字节，必须小于 2,097,152 字节：请压缩图片"),
    ("media-too-large/unread", "media is over 4 MiB, and must be under 2 MiB (2,097,152 bytes): \
     make it smaller",
     "media 超过 4 MiB，必须小于 2 MiB（2,097,152 字节）：请压缩图片"),
    ("media-near-limit", "media has {0} bytes, which may be over the documented limit, \"2M\"",
     "media 有 {0} 字节：文档写的上限是“2M”，可能已经超过"),
    ("media-empty", "media is empty: was its stream read before, to hash it? Read the file once, \
     and hash and send the same bytes",
     "media 是空的：流是否在计算摘要时已经读完？文件只读一次，对同一份字节计算摘要并发送"),
    ("media-is", "media is not a JPEG, PNG or BMP: it is {0}{1}: {2}",
     "media 不是 JPEG、PNG 或 BMP：{3}{1}"),
    ("media-not-a-file", "media was sent as a text field: it must be a file field, with \
     filename=\"…\" in its Content-Disposition (curl: -F media=@FILE)",
     "media 作为文本字段发送了：必须是文件字段，Content-Disposition 中带 filename=\"…\"（curl：-F media=@文件）"),
    ("file-name-empty", "the file name of media is empty, as in a form without a chosen file",
     "media 的文件名是空的：没有选择文件的表单就是这样"),
    ("file-name-not-utf8", "the file name of media is not UTF-8: is it GBK? Use ASCII or UTF-8",
     "media 的文件名不是 UTF-8：是 GBK 吗？请使用 ASCII 或 UTF-8 文件名"),
    ("file-name-long", "the file name of media is over 256 characters: shorten it",
     "media 的文件名超过 256 个字符：请缩短"),
    ("file-name-path", "the file name of media is a path, {0:?}: send the last part",
     "media 的文件名是路径 {0:?}：只发送最后一段"),
    ("media-type-missing", "the part media has no Content-Type: send the picture's own \
     (image/jpeg, image/png, image/bmp)",
     "media 部分没有 Content-Type：请发送图片自己的类型（image/jpeg、image/png、image/bmp）"),
    ("media-type-other", "the Content-Type of media is {0:?}, and it is a {1}: send {2}",
     "media 部分声明的类型是 {0:?}，实际是 {1}：请发送 {2}"),
    ("media-truncated", "media is a {0} whose end is missing after {1} bytes: was it read or \
     downloaded to its end?",
     "media 是 {0}，在 {1} 字节后缺少结尾：文件读完或下载完了吗？"),
    ("extension", "the file name {0:?} does not have the extension of a {1}: name it {2:?}",
     "文件名 {0:?} 的扩展名与 {1} 不符：请改为 {2:?}"),
    ("hash/", "media_hash is {0:?}, and the MD5 of media is {1}: ",
     "media_hash 是 {0:?}，而 media 的 MD5 是 {1}："),
    ("hash-upper-case", "only its case is wrong: write it in lower case",
     "只有大小写不对：请用小写"),
    ("hash-not-trimmed", "only the white space around it is wrong",
     "只是前后多了空白"),
    ("hash-base64", "it is the right digest in base64: write it in hex",
     "这是正确摘要的 Base64：请写成十六进制"),
    ("hash-base64/hex", "it is the base64 of the right hex digits: send the hex digits",
     "这是正确的十六进制再做了一次 Base64：请直接发送十六进制"),
    ("hash-short", "it is the middle half of the right one: send all 32 digits",
     "这是正确摘要的中间 16 位：请发送全部 32 位"),
    ("hash-twice", "it is the MD5 of the MD5: hash once",
     "这是 MD5 的 MD5：只计算一次"),
    ("hash-other-algorithm", "it has the length of {0}: API v2 takes MD5 (API v3 takes SHA-256)",
     "长度与 {0} 相同：API v2 使用 MD5（SHA-256 是 API v3 的）"),
    ("hash-of-nothing", "it is the MD5 of nothing: was the stream at its end when it was hashed?",
     "这是空内容的 MD5：计算时流是否已经读完？"),
    ("hash-of-name", "it is the MD5 of the file name: hash the file's bytes",
     "这是文件名的 MD5：请对文件内容计算"),
    ("hash-of-base64", "it is the MD5 of the picture's base64 text: hash the bytes before encoding",
     "这是图片 Base64 文本的 MD5：请在编码之前对字节计算"),
    ("hash-of-decoded", "it is the MD5 of the content of this base64 text: send that content",
     "这是该 Base64 文本解码后内容的 MD5：请发送解码后的字节，而不是文本"),
    ("hash-of-hex", "it is the MD5 of the bytes written in hex: hash the bytes",
     "这是字节的十六进制文本的 MD5：请对字节本身计算"),
    ("hash-of-text", "it is the MD5 of the picture decoded as UTF-8 text: read the file in binary \
     mode",
     "这是把图片当作 UTF-8 文本解码后的 MD5：请以二进制方式读取文件"),
    ("hash-of-converted", "it is the MD5 of the file with other line ends: open it in binary mode",
     "这是换行符被转换后的文件的 MD5：请以二进制方式打开文件"),
    ("hash-of-line-end", "it is the MD5 with one line end more or less: hash exactly the bytes to \
     send",
     "这是多了或少了一个换行的内容的 MD5：请对实际发送的内容计算"),
    ("hash-of-truncated", "it is the MD5 of the first {0} of {1} bytes: hash the file to its end",
     "这是 {1} 字节中前 {0} 字节的 MD5：请读完整个文件再计算"),
    ("hash-of-other-bytes", "it is the hash of other bytes: hash exactly the bytes to send, after \
     the picture is resized or re-encoded",
     "这是别的内容的摘要：请在图片处理（缩放、重新编码）完成后，对实际发送的字节计算"),
];

/// Other files in a picture's place, in Chinese; `wxpay-picture` has the English.
#[rustfmt::skip]
pub(super) const KINDS_ZH: &[(&str, &str)] = &[
    ("media-is-gif", "这是 GIF，请转换为 JPEG 或 PNG"),
    ("media-is-webp", "这是 WebP，请转换为 JPEG 或 PNG"),
    ("media-is-avif", "这是 AVIF，请转换为 JPEG 或 PNG"),
    ("media-is-heic", "这是 HEIC（iPhone 照片），请转换为 JPEG（只改扩展名不行）"),
    ("media-is-raw", "这是相机原始文件，请转换为 JPEG 或 PNG"),
    ("media-is-video", "这是视频，不是图片"),
    ("media-is-jpeg-2000", "这是 JPEG 2000，请转换为 JPEG 或 PNG"),
    ("media-is-jpeg-xl", "这是 JPEG XL，请转换为 JPEG 或 PNG"),
    ("media-is-jpeg-xr", "这是 JPEG XR，请转换为 JPEG 或 PNG"),
    ("media-is-tiff", "这是 TIFF，请转换为 JPEG 或 PNG"),
    ("media-is-psd", "这是 Photoshop 文件，请转换为 JPEG 或 PNG"),
    ("media-is-dicom", "这是 DICOM 文件，请转换为 JPEG 或 PNG"),
    ("media-is-metafile", "这是 Windows 图元文件，请转换为 JPEG 或 PNG"),
    ("media-is-tga", "这是 TGA，请转换为 JPEG 或 PNG"),
    ("media-is-ico", "这是图标，请转换为 JPEG 或 PNG"),
    ("media-is-djvu", "这是 DjVu，请转换为 JPEG 或 PNG"),
    ("media-is-appledouble", "这是 macOS 的附属文件（AppleDouble），请发送文件名前没有 ._ 的那个文件"),
    ("media-is-applesingle", "这是 macOS 的打包文件（AppleSingle），请取出图片再发送"),
    ("media-is-pdf", "这是 PDF，请把页面存为 JPEG 或 PNG 再发送"),
    ("media-is-postscript", "这是 PostScript，请把页面存为 JPEG 或 PNG 再发送"),
    ("media-is-office", "这是旧版 Office 文档，请把页面存为 JPEG 或 PNG 再发送"),
    ("media-is-zip", "这是 ZIP 压缩包或 Office 文档，请取出图片再发送"),
    ("media-is-rar", "这是 RAR 压缩包，请取出图片再发送"),
    ("media-is-7z", "这是 7z 压缩包，请取出图片再发送"),
    ("media-is-tar", "这是 tar 包，请取出图片再发送"),
    ("media-is-gzip", "内容经过 gzip 压缩，请发送原图"),
    ("media-is-compressed", "内容经过压缩，请发送原图"),
    ("media-truncated", "这是文件头残缺或损坏的 JPEG 或 PNG，请重新获取完整文件"),
    ("media-converted", "这是换行符被转换过的 PNG，请以二进制方式读取、复制和发送"),
    ("media-decoded", "这是被当作文本解码过的图片，从文件到请求都要保持为字节，不要用字符串"),
    ("media-preceded", "图片前面多了内容，请去掉，并检查写出文件的程序"),
    ("media-unknown", "未知的格式，请转换为 JPEG 或 PNG"),
    ("media-is-url", "这是网址，请下载图片后发送图片内容"),
    ("media-is-data-url", "这是 data URL，请解码逗号后面的内容再发送"),
    ("media-is-html", "这是网页，是不是把错误页或登录页当作图片下载了？"),
    ("media-is-svg", "这是 SVG，请转换为 PNG"),
    ("media-is-xml", "这是 XML 文档，请检查写出文件的程序"),
    ("media-is-json", "这是 JSON，请检查写出文件的程序"),
    ("media-is-pem", "这是 PEM 文件（证书或私钥），请妥善保管，并发送图片"),
    ("media-is-base64", "这是图片的 Base64，请解码后发送"),
    ("media-is-hex", "这是图片的十六进制文本，请解码后发送"),
    ("media-is-path", "这是文件路径，请发送文件内容（curl：-F media=@文件）"),
    ("media-is-object", "这是打印出来的对象名，请发送对象的内容"),
    ("media-is-text", "这是文本，请发送图片本身"),
];
