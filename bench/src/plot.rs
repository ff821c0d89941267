//! Plots, as SVG.

use plotters::coord::Shift;
use plotters::prelude::{
    BLACK, ChartBuilder, Circle, Color, DrawingArea, IntoDrawingArea, IntoLogRange, LineSeries, PathElement, RGBColor,
    Rectangle, SVGBackend, Text, WHITE,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{IntoFont, TextStyle};

use crate::result::Result;

const WIDTH: u32 = 860;

/// Colours that colour-blind readers can tell apart, too (Okabe and Ito). Those of slocket come first.
const COLOURS: [RGBColor; 14] = [
    RGBColor(213, 94, 0),
    RGBColor(230, 159, 0),
    RGBColor(0, 114, 178),
    RGBColor(86, 180, 233),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(90, 90, 90),
    RGBColor(170, 170, 170),
    RGBColor(120, 80, 30),
    RGBColor(240, 228, 66),
    RGBColor(0, 60, 60),
    RGBColor(150, 0, 60),
    RGBColor(60, 40, 140),
    RGBColor(0, 0, 0),
];

/// One line of a plot.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// What the axes say.
pub(crate) struct Axes<'a> {
    pub(crate) title: &'a str,
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
    pub(crate) x_label: fn(f64) -> String,
    pub(crate) y_label: fn(f64) -> String,
}

/// Lines, with a logarithmic scale on both axes.
pub(crate) fn lines(axes: &Axes<'_>, series: &[Series]) -> Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, 480)).into_drawing_area();
        draw_lines(&area, axes, series).map_err(|error| format!("{}: {error}", axes.title))?;
        area.present()?;
    }
    Ok(svg)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;

fn draw_lines(area: &Area<'_>, axes: &Axes<'_>, series: &[Series]) -> Drawn {
    area.fill(&WHITE)?;
    let points = || series.iter().flat_map(|series| &series.points);
    let x = range(points().map(|point| point.0));
    let y = range(points().map(|point| point.1));
    let (chart_area, legend) = area.split_horizontally(WIDTH - 230);
    let mut chart = ChartBuilder::on(&chart_area)
        .caption(axes.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(74)
        .build_cartesian_2d((x.0 / 1.1..x.1 * 1.1).log_scale(), (y.0 / 1.5..y.1 * 1.5).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(RGBColor(240, 240, 240))
        .bold_line_style(RGBColor(215, 215, 215))
        .x_desc(axes.x)
        .y_desc(axes.y)
        .x_label_formatter(&|value| (axes.x_label)(*value))
        .y_label_formatter(&|value| (axes.y_label)(*value))
        .label_style(("sans-serif", 13))
        .axis_desc_style(("sans-serif", 14))
        .draw()?;
    for (number, Series { name, points }) in series.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        let width = if number == 0 { 3 } else { 2 };
        chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(width)))?;
        chart.draw_series(points.iter().map(|&point| Circle::new(point, 3, colour.filled())))?;
        let height = 50 + 22 * i32::try_from(number)?;
        legend.draw(&PathElement::new([(4, height), (26, height)], colour.stroke_width(width)))?;
        let style = TextStyle::from(("sans-serif", 13).into_font()).pos(Pos::new(HPos::Left, VPos::Center));
        legend.draw(&Text::new(name.clone(), (32, height), style))?;
    }
    Ok(())
}

/// Horizontal bars from the least on, with a logarithmic scale; each with its figure written out.
pub(crate) fn bars(title: &str, bars: &[(String, f64, String)]) -> Result<String> {
    let mut svg = String::new();
    {
        let height = 60 + 26 * u32::try_from(bars.len())?;
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        draw_bars(&area, title, bars).map_err(|error| format!("{title}: {error}"))?;
        area.present()?;
    }
    Ok(svg)
}

fn draw_bars(area: &Area<'_>, title: &str, bars: &[(String, f64, String)]) -> Drawn {
    const LEFT: i32 = 240;
    let right = i32::try_from(WIDTH)? - 110;
    area.fill(&WHITE)?;
    area.draw(&Text::new(title.to_owned(), (12, 12), ("sans-serif", 18).into_font()))?;
    let (least, most) = range(bars.iter().map(|bar| bar.1));
    // The least keeps a length of its own: a logarithmic scale has no zero.
    let (low, high) = ((least / 2.0).log10(), most.log10());
    for (number, (name, value, text)) in bars.iter().enumerate() {
        let top = 46 + 26 * i32::try_from(number)?;
        let share = (value.log10() - low) / (high - low);
        let end = LEFT + (f64::from(right - LEFT) * share) as i32;
        let ours = name.starts_with("slocket");
        let colour = if ours {
            COLOURS[0]
        } else if name.starts_with("floor") {
            COLOURS[7]
        } else {
            COLOURS[2]
        };
        area.draw(&Rectangle::new([(LEFT, top), (end, top + 18)], colour.filled()))?;
        let style =
            |side| TextStyle::from(("sans-serif", 13).into_font()).pos(Pos::new(side, VPos::Center)).color(&BLACK);
        area.draw(&Text::new(name.clone(), (LEFT - 8, top + 9), style(HPos::Right)))?;
        area.draw(&Text::new(text.clone(), (end + 6, top + 9), style(HPos::Left)))?;
    }
    Ok(())
}

/// The least and the greatest of what a logarithmic scale can show.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (least, most) = values
        .filter(|value| *value > 0.0)
        .fold((f64::MAX, f64::MIN_POSITIVE), |(least, most), value| (least.min(value), most.max(value)));
    if least < most { (least, most) } else { (most / 2.0, most * 2.0) }
}
