#![allow(clippy::all, missing_docs)]
fn main() {
    let s = rusqlite::Connection::open(std::env::args().nth(1).unwrap()).unwrap();
    let t = std::time::Instant::now();
    wsusctl::sandbox::schema::create(&s).unwrap();
    wsusctl::sandbox::seeds::fill(&s, std::env::args().nth(2).unwrap().parse().unwrap()).unwrap();
    eprintln!("{:?}", t.elapsed());
}
