//! Writing: fields to a document.

use crate::Fields;

/// Writes the document in the form of the API's own examples, a field a line.
pub(crate) fn write(fields: &Fields<'_>) -> String {
    let mut xml = String::from("<xml>\n");
    for (name, value) in fields {
        xml.push('<');
        xml.push_str(name);
        xml.push('>');
        write_value(&mut xml, value);
        xml.push_str("</");
        xml.push_str(name);
        xml.push_str(">\n");
    }
    xml.push_str("</xml>");
    xml
}

/// Writes the value as a CDATA section, or as several where one cannot hold it.
fn write_value(xml: &mut String, value: &str) {
    xml.push_str("<![CDATA[");
    for (index, line) in value.split('\r').enumerate() {
        if index > 0 {
            // A reader that conforms to XML takes a raw CR for a LF.
            xml.push_str("]]>&#13;<![CDATA[");
        }
        for (index, piece) in line.split("]]>").enumerate() {
            if index > 0 {
                xml.push_str("]]]]><![CDATA[>");
            }
            xml.push_str(piece);
        }
    }
    xml.push_str("]]>");
}
