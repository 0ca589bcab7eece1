//! Writing: fields to a document.

use crate::fields::Fields;

impl Fields<'_> {
    /// Writes the document, in the form of the API's own examples: a field a line, values in CDATA,
    /// without a declaration, UTF-8.
    ///
    /// Any reader of XML gets the values as they are: `]]>` is split over two sections, and a CR is
    /// written as `&#13;` between two, because a raw one would be read as LF. An empty value is an
    /// empty section.
    ///
    /// ```
    /// use wxpay_xml::Fields;
    ///
    /// let fields = Fields::new().with("a", "1 < 2")?.with("b", "]]>")?.with("c", "")?;
    /// assert_eq!(
    ///     fields.to_xml(),
    ///     "<xml>\n\
    ///      <a><![CDATA[1 < 2]]></a>\n\
    ///      <b><![CDATA[]]]]><![CDATA[>]]></b>\n\
    ///      <c><![CDATA[]]></c>\n\
    ///      </xml>"
    /// );
    /// # Ok::<(), wxpay_xml::FieldError>(())
    /// ```
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut xml = String::from("<xml>\n");
        for (name, value) in self {
            xml.extend(["<", name, "><![CDATA["]);
            for (index, line) in value.split('\r').enumerate() {
                if index > 0 {
                    // A reader that conforms to XML takes a raw CR for a LF.
                    xml.push_str("]]>&#13;<![CDATA[");
                }
                for (index, piece) in line.split("]]>").enumerate() {
                    xml.push_str(if index > 0 { "]]]]><![CDATA[>" } else { "" });
                    xml.push_str(piece);
                }
            }
            xml.extend(["]]></", name, ">\n"]);
        }
        xml + "</xml>"
    }
}
