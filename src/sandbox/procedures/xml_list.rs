//! Lists that callers pass as XML: an element with one element an entry, text only inside those.

/// Reads `<root><item>text</item>...</root>`, or gives why it is not that. Attributes, comments, a prolog and other
/// elements are refused: a caller that sends them means something that the sandbox does not know.
pub(super) fn read(xml: &str, root: &str, item: &str) -> Result<Vec<String>, String> {
    let malformed = || format!("the list is not <{root}> with <{item}> elements");
    let xml = xml.trim();
    if [format!("<{root}/>"), format!("<{root} />")].iter().any(|empty| empty == xml) {
        return Ok(Vec::new());
    }
    let mut rest = xml
        .strip_prefix(&format!("<{root}>"))
        .and_then(|rest| rest.strip_suffix(&format!("</{root}>")))
        .ok_or_else(malformed)?
        .trim();
    let (open, close) = (format!("<{item}>"), format!("</{item}>"));
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (text, after) = rest.strip_prefix(&open).and_then(|rest| rest.split_once(&close)).ok_or_else(malformed)?;
        items.push(unescape(text.trim()).ok_or_else(malformed)?);
        rest = after.trim_start();
    }
    Ok(items)
}

/// Replaces the five predefined entities; `None` where there is markup or another entity.
fn unescape(text: &str) -> Option<String> {
    if text.contains('<') {
        return None;
    }
    let mut pieces = text.split('&');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (entity, after) = piece.split_once(';')?;
        plain.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => return None,
        });
        plain.push_str(after);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn entries_are_read_in_order() {
        let read = |xml| read(xml, "root", "CategoryID");
        assert_eq!(read("<root><CategoryID>7</CategoryID>\n <CategoryID> 3 </CategoryID></root>").unwrap(), ["7", "3"]);
        assert_eq!(read("<root/>"), Ok(Vec::new()));
        assert_eq!(read(" <root />"), Ok(Vec::new()));
        assert_eq!(read("<root></root>"), Ok(Vec::new()));
    }

    #[test]
    fn entities_are_replaced_once() {
        let text = "<root><a>R&amp;D &lt;x&gt; &amp;lt;</a></root>";
        assert_eq!(read(text, "root", "a").unwrap(), ["R&D <x> &lt;"]);
    }

    #[test]
    fn anything_else_is_refused() {
        for xml in [
            "",
            "<root>",
            "<root>7</root>",
            "<ro ot/>",
            "<ids><a>7</a></ids>",
            "<root><b>7</b></root>",
            "<root><a>7</root>",
            "<root><a><b/></a></root>",
            "<root><a x='1'>7</a></root>",
            "<root><a>&nbsp;</a></root>",
            "<root><a>7 & 8</a></root>",
            "<?xml version='1.0'?><root/>",
        ] {
            assert!(read(xml, "root", "a").is_err(), "{xml}");
        }
    }
}
