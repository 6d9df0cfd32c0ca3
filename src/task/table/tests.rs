//! Files as others write them: what is recognised, what is refused and where, and how their tasks are drawn.

use std::sync::Arc;

use super::read::{Contents, read};
use super::{Table, Units};
use crate::task::{Points, Purpose, stream};

fn contents(text: &str) -> Contents {
    read(text.as_bytes().to_vec()).unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
}

/// Line, column and what is wrong.
fn problems(bytes: &[u8]) -> Vec<(usize, usize, String)> {
    let Err(problems) = read(bytes.to_vec()) else { return Vec::new() };
    problems.into_iter().map(|problem| (problem.line, problem.column, problem.message)).collect()
}

#[test]
fn a_plain_file_is_read() {
    let text = "task,x,y,note\na,2,20,first\nb,1,5,\"one, two\"\na,1,10,\n\nb,3,7,\"says \"\"no\"\"\"\n";
    let found = contents(text);
    assert_eq!(found.rows, 4);
    assert_eq!(found.labels, ["x", "y"]);
    // In the order of x, whatever the order of the rows.
    let tasks: Vec<_> = found.tasks.iter().map(|task| (task.name.as_str(), task.points.clone())).collect();
    let points = |x: [f64; 2], y: [f64; 2]| Points { x: x.to_vec(), y: y.to_vec() };
    assert_eq!(tasks, [("a", points([1.0, 2.0], [10.0, 20.0])), ("b", points([1.0, 3.0], [5.0, 7.0]))]);
    assert!(found.recognised.is_empty(), "{:?}", found.recognised);
    assert!(found.sha256.len() == 64 && found.bytes == text.as_bytes());
}

#[test]
fn what_other_programs_write_is_recognised_and_said() {
    let points =
        |text: &str| -> Vec<Points> { contents(text).tasks.into_iter().map(|task| task.points).collect() };
    let plain = points("task,x,y\na,0.5,1.5\na,1,2\nb,2.5,-3e-2\nb,3,4\n");
    for (text, said) in [
        ("\u{feff}task,x,y\na,0.5,1.5\na,1,2\nb,2.5,-3e-2\nb,3,4\n", vec!["a byte order mark"]),
        ("task,x,y\r\na,0.5,1.5\r\na,1,2\r\nb,2.5,-3e-2\r\nb,3,4", vec!["line ends of Windows"]),
        ("task;x;y\na;0.5;1.5\na;1;2\nb;2.5;-3e-2\nb;3;4\n", vec!["semicolons between columns"]),
        ("task\tx\ty\na\t0.5\t1.5\na\t1\t2\nb\t2.5\t-3e-2\nb\t3\t4\n", vec!["tabs between columns"]),
        (
            "\u{feff}task;x;y\r\na;0,5;1,5\r\na;1;2\r\nb;2,5;-3e-2\r\nb;3;4\r\n",
            vec!["a byte order mark", "semicolons between columns", "line ends of Windows", "decimal commas"],
        ),
        ("task,x,y\na,0.5,1.5\na,1,2\nb,2.5,-3e-2\nb,3,4\n,,\n,,\n", vec!["2 empty rows, left out"]),
        (" Task , X ,\"Y\"\n a , 0.5 ,1.5\na,1,\" 2 \"\nb,2.5,-3e-2\nb,3,4\n", vec![]),
        ("y,other,task,x\n1.5,?,a,0.5\n2,?,a,1\n-3e-2,?,b,2.5\n4,?,b,3\n", vec![]),
    ] {
        assert_eq!(points(text), plain, "{text:?}");
        assert_eq!(contents(text).recognised, said, "{text:?}");
    }
    let labelled = contents("task,x (day),\"y [weight, g]\"\na,0,1\nb,1,2\n");
    assert_eq!(labelled.labels, ["day", "weight, g"]);
}

/// Line, column, and words of the message.
type Place<'w> = (usize, usize, &'w str);

/// Each with all that is wrong with it, place by place.
#[test]
fn forty_malformed_files_are_refused_with_every_place() {
    let long = "n".repeat(101);
    let wide = format!("task,x,y\n{long},1,2\nb,1,2\n");
    let big_cell = format!("task,x,y\na,1,{}\nb,1,2\n", "9".repeat(100_000));
    let label = format!("task,x ({long}),y\na,1,2\nb,1,2\n");
    let files: Vec<(&[u8], Vec<Place<'_>>)> = vec![
        (b"", vec![(1, 1, "this file is empty")]),
        (b"\n\n \n", vec![(1, 1, "this file is empty")]),
        (b"task,x,y\n", vec![(1, 9, "no row below the header")]),
        (b"\xff\xfet\0a\0s\0k\0", vec![(1, 1, "UTF-16")]),
        (b"task,x,y\na,1,2\nb\xe4r,1,2\n", vec![(3, 2, "byte 0xe4 is not UTF-8")]),
        (b"\xef\xbb\xbftask,x,y\n\x80,1,2\n", vec![(2, 1, "byte 0x80 is not UTF-8")]),
        (b"a,1,2\nb,1,2\n", vec![(1, 1, "first row has to name the columns")]),
        (b"tsk,x,y\na,1,2\nb,1,2\n", vec![(1, 1, "no column is called task; this may be it")]),
        (b"task,x\na,1\n", vec![(1, 1, "no column is called y")]),
        (b"name,time,value\na,1,2\n", vec![(1, 1, "called task"), (1, 1, "called x"), (1, 1, "called y")]),
        (b"task,x,x,y\na,1,2,3\nb,1,2,3\n", vec![(1, 8, "a second column x")]),
        (b"task,x,y,y (cm)\na,1,2,3\nb,1,2,3\n", vec![(1, 10, "a second column y")]),
        (label.as_bytes(), vec![(1, 6, "at most 100 characters")]),
        (b"task,x (\x1b[2J),y\na,1,2\nb,1,2\n", vec![(1, 6, "characters that can be seen")]),
        (b"task,x,y\x1b]0;z\x07\na,1,2\nb,1,2\n", vec![(1, 1, "no column is called y; the header has")]),
        (b"task,x,y\na,1\nb,1,2\n", vec![(2, 3, "this row has 2 values, and the header 3")]),
        (b"task,x,y\na,1,2,3\nb,1,2\n", vec![(2, 5, "this row has 4 values, and the header 3")]),
        (b"task,x,y\na;1;2\nb,1,2\n", vec![(2, 1, "this row has 1 value, and the header 3")]),
        (b"task,x,y\na,,2\nb,1,\n", vec![(2, 3, "x is empty"), (3, 5, "y is empty")]),
        (b"task,x,y\na,NA,2\nb,1,nan\n", vec![(2, 3, "x is `NA`"), (3, 5, "y is `nan`")]),
        (
            b"task,x,y\na,inf,2\nb,1,-Infinity\n",
            vec![(2, 3, "finite number: leave out the rows"), (3, 5, "finite number: leave")],
        ),
        (b"task,x,y\na,1e999,2\nb,1,2e15\n", vec![(2, 3, "which is no finite number"), (3, 5, "up to 1e15")]),
        (
            b"task,x,y\na,0x10,2\nb,1,12 kg\n",
            vec![(2, 3, "`0x10`, which is no finite number"), (3, 5, "`12 kg`")],
        ),
        (b"task,x,y\na,1.2.3,--4\nb,1,2\n", vec![(2, 3, "`1.2.3`"), (2, 9, "`--4`")]),
        (b"task,x,y\na,\"1,5\",2\nb,1,2\n", vec![(2, 3, "`1,5`, which is no finite number")]),
        (b"task;x;y\na;1.000,5;2\nb;1;2\n", vec![(2, 3, "without marks between thousands")]),
        (b"task;x;y\na;1,5;2\nb;1.5;2\n", vec![(3, 3, "numbers before it have decimal commas")]),
        (b"task;x;y\na;1.5;2\nb;1,5;2\n", vec![(3, 3, "numbers before it have decimal points")]),
        (b"task;x;y\na;1,2,3;2\nb;1;2\n", vec![(2, 3, "`1,2,3`: numbers are written without")]),
        ("task,x,y\na,１,2\nb,1,2\n".as_bytes(), vec![(2, 3, "which is no finite number")]),
        ("task,x,y\na,−1,2\nb,1,2\n".as_bytes(), vec![(2, 3, "which is no finite number")]),
        (b"task,x,y\n,1,2\nb,1,2\n", vec![(2, 1, "does not say of which task")]),
        (b"task,x,y\n\x1b[2J,1,2\nb,1,2\n", vec![(2, 1, "characters that nobody sees")]),
        ("task,x,y\na\u{202e}b,1,2\nb,1,2\n".as_bytes(), vec![(2, 1, "characters that nobody sees")]),
        (b"task,x,y\n\"a\nb\",1,2\nb,1,2\n", vec![(2, 1, "characters that nobody sees")]),
        (wide.as_bytes(), vec![(2, 1, "a task's name of 101 characters")]),
        (big_cell.as_bytes(), vec![(2, 5, "which is no finite number")]),
        (b"task,x,y\na,1,2\na,2,3\n", vec![(3, 6, "all rows are of one task, `a`")]),
        (b"task,x,y\na,1,\"2\nb,1,2\nc,1,2\n", vec![(2, 5, "none closes it")]),
        (b"task,x,y,split\na,1,2,train\nb,1,2,tset\n", vec![(3, 7, "split is `tset`")]),
        (b"task,x,y,split\na,1,2,train\na,2,2,test\nb,1,2,test\n", vec![(3, 7, "of both train and test")]),
        (b"task,x,y,split\na,1,2,train\nb,3,4,train\n", vec![(3, 12, "no row says test")]),
        (b"task,x,y\na,1,2\nb,1,3\n", vec![(3, 6, "every x is 1")]),
        (b"task,x,y\na,1,2\nb,2,2\n", vec![(3, 6, "every y is 2")]),
        (
            b"task,x,y\n\xc3\xa9\xc3\xa9,1,2\n\xc3\xa9\xc3\xa9,\xc3\xa9,y\n",
            vec![(3, 4, "x is"), (3, 6, "y is")],
        ),
    ];
    assert!(files.len() >= 40, "{}", files.len());
    for (bytes, expected) in files {
        let shown = String::from_utf8_lossy(bytes).chars().take(80).collect::<String>();
        let found = problems(bytes);
        let places =
            |list: &[(usize, usize, &str)]| list.iter().map(|(l, c, _)| (*l, *c)).collect::<Vec<_>>();
        let of: Vec<_> = found.iter().map(|(line, column, what)| (*line, *column, what.as_str())).collect();
        assert_eq!(places(&of), places(&expected), "{shown:?}: {found:?}");
        for ((_, _, what), (_, _, words)) in of.iter().zip(&expected) {
            assert!(what.contains(words), "{shown:?}: {what}");
            assert!(what.len() < 400 && !what.contains('\u{1b}'), "{what:?}");
        }
    }
}

#[test]
fn of_a_hundred_thousand_problems_a_hundred_are_shown() {
    let mut text = "task,x,y\n".to_owned();
    (0..100_000).for_each(|row| text += &format!("t{row},a,b\n"));
    let found = problems(text.as_bytes());
    assert_eq!(found.len(), 100);
    assert!(found[99].2.contains("and 199,900 more problems"), "{:?}", found[99]);
}

#[test]
fn a_million_rows_take_seconds() {
    let mut text = String::from("task,x,y\n");
    for task in 0..1_000 {
        for point in 0..1_000 {
            text += &format!("t{task},{},{}\n", f64::from(point) * 0.01, f64::from(task * point % 997) * 0.1);
        }
    }
    let start = std::time::Instant::now();
    let found = contents(&text);
    println!("{} MB in {:?}", text.len() >> 20, start.elapsed());
    assert_eq!((found.rows, found.tasks.len()), (1_000_000, 1_000));
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

/// Tasks t0, t1, .., each with the points (i, task + i).
fn many(tasks: usize, points: usize) -> Arc<Contents> {
    let mut text = "task,x,y\n".to_owned();
    for task in 0..tasks {
        (0..points).for_each(|i| text += &format!("t{task},{i},{}\n", 10 * task + i));
    }
    Arc::new(contents(&text))
}

#[test]
fn the_split_is_by_name_and_seed_and_never_overlaps() {
    let table = Table::new(many(50, 6), 0.2, 0);
    assert_eq!(table.split(), [40, 10]);
    let names = |table: &Table, is_test: bool| -> Vec<String> {
        let of = table.every_task().filter(|task| table.is_test(task) == is_test);
        let mut names: Vec<String> = of.map(|task| table.name(&task).to_owned()).collect();
        names.sort();
        names
    };
    let tested = names(&table, true);
    assert!(names(&table, false).iter().all(|name| !tested.contains(name)));
    // The order of rows and the number of points say nothing.
    let mut other = Contents { tasks: many(50, 9).tasks.clone(), ..Contents::default() };
    other.tasks.reverse();
    assert_eq!(names(&Table::new(Arc::new(other), 0.2, 0), true), tested);
    assert_ne!(names(&Table::new(many(50, 6), 0.2, 1), true), tested);
    // A smaller share is a part of a larger one, and each has one at least.
    let fewer = names(&Table::new(many(50, 6), 0.1, 0), true);
    assert!(fewer.len() == 5 && fewer.iter().all(|name| tested.contains(name)));
    assert_eq!(Table::new(many(2, 6), 0.0, 0).split(), [1, 1]);
    assert_eq!(Table::new(many(2, 6), 1.0, 0).split(), [1, 1]);
    let said = contents("task,x,y,split\na,1,2,test\nb,1,3,train\nc,2,3,train\n");
    assert_eq!(Table::new(Arc::new(said), 0.9, 0).split(), [2, 1]);
}

#[test]
fn episodes_are_drawn_without_replacement_and_are_nested() {
    let table = Table::new(many(9, 12), 0.3, 0);
    let mut first = stream(3, Purpose::TrainingTasks);
    let sampler = table.training_sampler(5);
    for _ in 0..200 {
        let numbers = sampler(&mut first);
        assert!(!table.is_test(&numbers));
        let (support, query) = table.episode(&numbers, 5, 100);
        let mut all: Vec<f64> = support.x.iter().chain(&query.x).copied().collect();
        all.sort_by(f64::total_cmp);
        assert_eq!(
            all,
            (0..12).map(f64::from).collect::<Vec<_>>(),
            "each point once, and the rest is asked for"
        );
        assert!(query.x.is_sorted());
        let (more, _) = table.episode(&numbers, 6, 100);
        assert_eq!(more.x[..5], support.x, "six points are the five and one more");
        // Training asks for some of the rest, drawn anew.
        let mut drawn = stream(7, Purpose::Query);
        let mut asked = || {
            let (mut x, mut y) = ([0.0; 4], [0.0; 4]);
            table.query(&numbers, 5, (&mut x, &mut y), &Units::default(), &mut drawn);
            assert!(x.iter().all(|x| query.x.contains(x)), "{x:?}");
            x
        };
        assert_ne!([asked(), asked()][0], asked());
    }
    // Every training task comes as often as any other.
    let mut counts = vec![0_usize; 9];
    (0..6_000).for_each(|_| counts[sampler(&mut first)[0] as usize] += 1);
    let [trained, tested] = table.split();
    assert_eq!((trained, tested), (6, 3));
    for (task, count) in counts.iter().enumerate() {
        let is_test = table.is_test(&[task as f64, 0.0, 0.0, 0.0]);
        assert!(if is_test { *count == 0 } else { (850..1_150).contains(count) }, "{counts:?}");
    }
}

#[test]
fn every_test_task_comes_once_and_short_ones_are_left_out_and_said() {
    let mut text = "task,x,y\n".to_owned();
    for task in 0..20 {
        let points = if task % 4 == 0 { 3 } else { 8 };
        (0..points).for_each(|i| text += &format!("t{task},{i},{}\n", task + i * i));
    }
    let table = Table::new(Arc::new(contents(&text)), 0.5, 0);
    let episodes = table.test_episodes(5, 0, 100);
    let [all, left] = table.count(true, 5);
    assert!((all, episodes.len()) == (10, left) && left < 10);
    let mut names: Vec<&str> = episodes.iter().map(|episode| table.name(episode)).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), left);
    assert_eq!(table.test_episodes(5, 0, 3), episodes[..3], "however many are asked for");
    let said = table.left_out(5, 5).expect("some are");
    assert!(said.contains("tasks to train on, which have fewer than 6 points"), "{said}");
    assert!(said.contains(&format!("{} of 10 tasks to test on", all - left)), "{said}");
    assert_eq!(table.left_out(2, 2), None);
}

#[test]
fn a_network_sees_units_of_the_training_tasks() {
    let table = Table::new(many(30, 7), 0.2, 0);
    let units = table.units();
    let (mut all, mut count) = ([0.0; 4], 0.0);
    for task in table.every_task().filter(|task| !table.is_test(task)) {
        let seen = units.inward(table.points(&task));
        for (x, y) in seen.x.iter().zip(&seen.y) {
            all = [all[0] + x, all[1] + x * x, all[2] + y, all[3] + y * y];
            count += 1.0;
        }
    }
    for (sum, asked) in all.into_iter().zip([0.0, 1.0, 0.0, 1.0]) {
        assert!((sum / count - asked).abs() < 1e-9, "{all:?}");
    }
    assert_eq!(units.loss_outward(1.0), units.y[1] * units.y[1]);
    assert!((units.y_outward(units.y_inward(123.0)) - 123.0).abs() < 1e-9);
}

#[test]
fn the_average_and_the_linear_step_are_measured() {
    // Lines through (0, a) with slopes of their own: the mean is flat, two points say all.
    let mut text = "task,x,y\n".to_owned();
    for task in 0..200 {
        let (level, slope) = (f64::from(task % 20), f64::from(task / 20) - 4.5);
        (0..9).for_each(|i| text += &format!("t{task},{i},{}\n", level + slope * f64::from(i - 4)));
    }
    let table = Table::new(Arc::new(contents(&text)), 0.2, 0);
    let [mean, square] = table.average().moments(4.0);
    assert!((mean - 9.5).abs() < 1.0 && (square - mean * mean - 33.0).abs() < 5.0, "{mean}, {square}");
    let step = table.linear_step(8).expect("they have nine points");
    let (mut guessed, mut stepped, mut count) = (0.0, 0.0, 0.0);
    for numbers in table.test_episodes(8, 0, 40) {
        let (support, query) = table.episode(&numbers, 8, 9);
        let answers = step.answers(&support, &query.x);
        for ((x, y), answer) in query.x.iter().zip(&query.y).zip(answers) {
            guessed += (y - table.average().moments(*x)[0]).powi(2);
            stepped += (y - answer).powi(2);
            count += 1.0;
        }
    }
    assert!(count == 40.0 && stepped < 0.1 * guessed, "{stepped} of {guessed}");
    assert!((table.between(&[0.0; 4], 3.5) - (0.0 - 4.5 * -0.5)).abs() < 1e-12);
    assert!(table.between(&[0.0; 4], 8.1).is_nan());
}
