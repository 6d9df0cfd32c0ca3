//! What stands over the views and takes the keys, a file each with its commands and how it is drawn. Which of them is
//! open is [`crate::ui::state::modes`].

pub mod help;
pub mod letter;
pub mod palette;
pub mod prompt;
pub mod question;
pub mod search;
pub mod tour;
