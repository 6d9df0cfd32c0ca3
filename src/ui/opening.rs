//! Until there is a study to show: a screen that says what is waited for, and keys that leave. Run folders may be many, or
//! on a disk that takes its time, and nobody looks at a blank screen meanwhile.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use ratatui::{Frame, Terminal};

use super::{
    drive::{Lost, blank},
    keymap::{Hint, Keymap},
    options::{End, Options},
    preferences::own_keymap,
    show::styles,
    state::app::App,
    style::Styles,
    widgets::text::{fit, put, wrap},
};
use crate::term::{Canvas, Host, Input, Screen};

/// What is there by then is there before the screen is.
const AT_ONCE: Duration = Duration::from_millis(20);
/// How often it is looked for, and how soon a key is answered.
const LOOK: Duration = Duration::from_millis(20);
/// After this time without a word something does not answer.
const SILENCE: Duration = Duration::from_secs(2);

/// What is heard of that which is waited for.
pub enum Heard<T> {
    /// There is none yet, in words; it is looked for again.
    NotYet(String),
    /// It is there.
    There(T),
}

/// Waits for something that is looked for in `place`, with a screen if it is not there at once. It, and the screen if that
/// was taken meanwhile; or why there is nobody any more who waits.
///
/// # Errors
/// If whoever looks for it says that there will be none, or if the terminal cannot be taken.
pub fn open<T>(
    place: &str,
    heard: &Receiver<anyhow::Result<Heard<T>>>,
    options: &Options,
) -> anyhow::Result<Result<(T, Option<Screen>), End>> {
    let mut waiting = Waiting::new(place);
    match heard.recv_timeout(AT_ONCE) {
        Ok(first) => {
            if let Some(found) = waiting.hear(first?) {
                return Ok(Ok((found, None)));
            }
        }
        Err(RecvTimeoutError::Timeout) => {}
        Err(RecvTimeoutError::Disconnected) => anyhow::bail!("{place} cannot be looked at"),
    }
    let mut screen =
        Screen::enter().context("could not take over the terminal; `metascope export` needs none")?;
    let (styles, keymap) = (styles(options), own_keymap(&options.keys));
    match waiting.wait(&mut screen.terminal, &mut screen.keyboard, heard, &styles, &keymap) {
        Ok(Ok(found)) => Ok(Ok((found, Some(screen)))),
        Ok(Err(end)) => Ok(Err(end)),
        Err(Lost::Drawing(_)) => Ok(Err(End::HungUp)),
        Err(Lost::Study(error)) => Err(error),
    }
}

/// What is waited for.
struct Waiting<'a> {
    place: &'a str,
    /// That there is none yet, in words, once that is known.
    not_yet: Option<String>,
    /// When something was heard last.
    heard: Instant,
}

impl<'a> Waiting<'a> {
    fn new(place: &'a str) -> Self {
        Self { place, not_yet: None, heard: Instant::now() }
    }

    fn hear<T>(&mut self, heard: Heard<T>) -> Option<T> {
        self.heard = Instant::now();
        match heard {
            Heard::There(found) => return Some(found),
            Heard::NotYet(words) => self.not_yet = Some(words),
        }
        None
    }

    fn words(&self) -> String {
        let silent = self.heard.elapsed();
        match &self.not_yet {
            _ if silent >= SILENCE => format!("{} has not answered for {} s", self.place, silent.as_secs()),
            Some(words) => words.clone(),
            None => format!("looking at the runs in {}", self.place),
        }
    }

    /// Waits until it is there, or why it ends without.
    fn wait<T, B: Canvas>(
        &mut self,
        terminal: &mut Terminal<B>,
        host: &mut impl Host,
        heard: &Receiver<anyhow::Result<Heard<T>>>,
        styles: &Styles,
        keymap: &Keymap<App>,
    ) -> Result<Result<T, End>, Lost> {
        let mut shown = String::new();
        loop {
            match heard.try_recv() {
                Ok(Err(error)) => return Err(Lost::Study(error)),
                Ok(Ok(news)) => {
                    if let Some(found) = self.hear(news) {
                        return Ok(Ok(found));
                    }
                }
                Err(_) => {}
            }
            let words = self.words();
            if words != shown {
                // It is small enough for any line.
                terminal.backend_mut().allow(usize::MAX, true);
                terminal.draw(|frame| draw(frame, &words, keymap, styles))?;
                shown = words;
            }
            for input in host.wait(Some(LOOK)) {
                // What a signal asks for has a command too.
                let command = match input {
                    Input::Key(key) => {
                        keymap.command(&["always", "everywhere"], &key).map_or("", |it| it.name)
                    }
                    Input::Interrupt => "interrupt",
                    Input::Stop => "suspend",
                    Input::Redraw => "redraw",
                    Input::HangUp => return Ok(Err(End::HungUp)),
                    Input::Mouse(_) | Input::Taken | Input::Ground(..) | Input::Paste => "",
                };
                match command {
                    "quit" => return Ok(Err(End::Quit)),
                    "interrupt" => return Ok(Err(End::Interrupted)),
                    "suspend" | "redraw" => {
                        if command == "suspend" {
                            host.suspend();
                        }
                        shown.clear();
                        blank(terminal)?;
                    }
                    _ => {}
                }
            }
        }
    }
}

/// The name on the first line, what is waited for in the middle, the keys on the last.
fn draw(frame: &mut Frame<'_>, words: &str, keymap: &Keymap<App>, styles: &Styles) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    let room = usize::from(area.width).saturating_sub(2);
    put(buffer, area, area.x, area.y, " metascope ", styles.bold());
    let lines = wrap(words, room, styles);
    let first = area.y + area.height.saturating_sub(lines.len() as u16) / 2;
    for (row, line) in lines.iter().enumerate() {
        put(buffer, area, area.x + 1, first + row as u16, &fit(line, room, styles), styles.plain());
    }
    let hints = keymap.hints(&["everywhere"], |command| command.name == "quit");
    let mut x = area.x + 1;
    for Hint { keys, words, .. } in hints {
        x = put(buffer, area, x, area.bottom().saturating_sub(1), &keys, styles.key());
        x = put(buffer, area, x, area.bottom().saturating_sub(1), &format!(" {words}  "), styles.plain());
    }
    styles.finish(buffer);
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, io, path::Path, sync::mpsc::channel};

    use crossterm::event::{KeyCode, KeyEvent};
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::ui::commands::keymap;

    /// One batch of inputs a wait.
    struct Keys(VecDeque<Vec<Input>>);

    impl Host for Keys {
        fn wait(&mut self, timeout: Option<Duration>) -> Vec<Input> {
            assert!(timeout.is_some_and(|timeout| timeout <= LOOK), "nobody would be answered");
            self.0.pop_front().unwrap_or_else(|| vec![Input::HangUp])
        }

        fn suspend(&mut self) {}

        fn edit(&mut self, _: &Path, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn copy(&mut self, _: &str) {}

        fn mouse(&mut self, _: bool) {}
    }

    /// What is seen at the end, and what came of it.
    fn waits(
        waiting: &mut Waiting<'_>,
        heard: &Receiver<anyhow::Result<Heard<u8>>>,
        keys: Vec<Vec<Input>>,
    ) -> (String, Result<Result<u8, End>, Lost>) {
        let mut terminal = Terminal::new(TestBackend::new(60, 16)).expect("a screen");
        let ended = waiting.wait(&mut terminal, &mut Keys(keys.into()), heard, &Styles::default(), &keymap());
        (terminal.backend().to_string(), ended)
    }

    #[test]
    fn what_is_waited_for_is_said_and_keys_leave() {
        let (tell, heard) = channel();
        let key = |code| vec![Input::Key(KeyEvent::from(code))];
        let quit = vec![key(KeyCode::Char('j')), vec![Input::Redraw], key(KeyCode::Char('q'))];
        let (screen, ended) = waits(&mut Waiting::new("runs"), &heard, quit);
        assert!(matches!(ended, Ok(Err(End::Quit))));
        assert!(screen.contains("looking at the runs in runs") && screen.contains("q quit"), "{screen}");
        for (input, wanted) in [(Input::Interrupt, End::Interrupted), (Input::HangUp, End::HungUp)] {
            let (_, ended) = waits(&mut Waiting::new("runs"), &heard, vec![vec![], vec![input]]);
            assert!(matches!(ended, Ok(Err(end)) if end == wanted));
        }
        // A disk that says nothing, and one that has said that there is nothing.
        let mut silent = Waiting::new("runs");
        silent.heard -= Duration::from_secs(3);
        assert!(waits(&mut silent, &heard, vec![vec![]]).0.contains("runs has not answered for 3 s"));
        tell.send(Ok(Heard::NotYet("no runs in runs yet".to_owned()))).expect("heard");
        let mut empty = Waiting::new("runs");
        assert!(waits(&mut empty, &heard, vec![vec![]]).0.contains("no runs in runs yet"));
        tell.send(Ok(Heard::There(7))).expect("heard");
        assert!(matches!(waits(&mut empty, &heard, Vec::new()).1, Ok(Ok(7))));
        tell.send(Err(anyhow::anyhow!("no such folder"))).expect("heard");
        let (_, ended) = waits(&mut empty, &heard, Vec::new());
        assert!(matches!(ended, Err(Lost::Study(error)) if error.to_string() == "no such folder"));
    }

    #[test]
    fn what_is_there_at_once_needs_no_screen() {
        let (tell, heard) = channel();
        tell.send(Ok(Heard::There(7))).expect("heard");
        assert!(matches!(open("runs", &heard, &Options::default()), Ok(Ok((7, None)))));
        tell.send(Err::<Heard<u8>, _>(anyhow::anyhow!("no such folder"))).expect("heard");
        let error = open("runs", &heard, &Options::default()).err().expect("it is none");
        assert_eq!(error.to_string(), "no such folder");
    }
}
