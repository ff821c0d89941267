//! The links of the book as a browser has it: each leads to a file, and to a place in that file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::result::Result;

/// What a page links to, and the places in it that a link can lead to.
#[derive(Default)]
struct Page {
    links: Vec<String>,
    places: BTreeSet<String>,
}

/// Fails if a link of a page in this folder leads nowhere; how many links there are.
pub(super) fn check(folder: &Path) -> Result<usize> {
    let mut pages = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "html") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            pages.insert(name, page(&fs::read_to_string(path)?));
        }
    }
    let broken = broken(&pages, |file| folder.join(file).is_file());
    if !broken.is_empty() {
        return Err(
            format!("{}\n       {} links of the book lead nowhere", broken.join("\n       "), broken.len()).into()
        );
    }
    Ok(pages.values().map(|page| page.links.len()).sum())
}

/// The links that lead nowhere. (Another site is not asked.)
fn broken(pages: &BTreeMap<String, Page>, is_file: impl Fn(&str) -> bool) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, page) in pages {
        for link in page.links.iter().filter(|link| !link.contains(':')) {
            let (file, place) = link.split_once('#').map_or((&**link, ""), |(file, place)| (file, place));
            let file = if file.is_empty() { name } else { file };
            let place_is_there = match pages.get(file) {
                Some(page) => place.is_empty() || page.places.contains(place),
                None => is_file(file) && place.is_empty(),
            };
            if !place_is_there {
                broken.push(format!("{name}: {link}"));
            }
        }
    }
    broken
}

fn page(html: &str) -> Page {
    let mut page = Page::default();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let tag = &rest[start..];
        let length = tag.find('>').unwrap_or(tag.len());
        // A page's own scripts name tags, too.
        let is_script = tag.starts_with("<script") && !tag[..length].contains("src=");
        for (attribute, value) in attributes(&tag[..length]) {
            match attribute {
                // The root of the site, in the page about a missing page.
                "href" if tag.starts_with("<base") => {}
                "href" | "src" => page.links.push(value.replace("&amp;", "&")),
                "id" | "name" => _ = page.places.insert(value.to_owned()),
                _ => {}
            }
        }
        rest = if is_script { tag.find("</script").map_or("", |end| &tag[end..]) } else { &tag[length..] };
    }
    page
}

/// The attributes of a tag that have a value in quotes.
fn attributes(tag: &str) -> Vec<(&str, &str)> {
    let mut parts = tag.split('"');
    let mut attributes = Vec::new();
    while let (Some(before), Some(value)) = (parts.next(), parts.next()) {
        let name = before.trim_end_matches('=').rsplit(char::is_whitespace).next().unwrap_or_default();
        attributes.push((name, value));
    }
    attributes
}

#[test]
fn a_link_that_leads_nowhere_is_found_out() {
    let one = page(
        "<h1 id=\"top\"><a class=\"x\" href=\"two.html#a&amp;b\">t</a></h1> <a href=\"two.html#c\"> <img src=\"p.svg\"><img src=\"q.svg\">\
         <a href=\"#top\"><a href=\"#bottom\"><a href=\"https://a.b/c\"><a href=\"three.html\"><script>x = '<a href=\"no\">'</script>\
         <script src=\"s.js\"></script>",
    );
    let pages = BTreeMap::from([("one.html".to_owned(), one), ("two.html".to_owned(), page("<p id=\"a&b\">"))]);
    let found = broken(&pages, |file| file == "p.svg");
    assert_eq!(found, ["two.html#c", "q.svg", "#bottom", "three.html", "s.js"].map(|link| format!("one.html: {link}")));
}
