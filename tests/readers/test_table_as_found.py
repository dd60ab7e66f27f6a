"""Tables as people have them: other names of columns, other ways to write a path, no header."""

import unicodedata

import pandas as pd
import pytest

import auditor
from auditor.errors import DataError
from auditor.readers import open_dataset
from tests.scanning.making import png

FILES = [f"{label}{i:02d}.jpg" for label in ("cat", "dog") for i in range(6)]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    for i, name in enumerate(FILES):
        (tmp_path / "images" / name).write_bytes(png(8, 8, i))
    return tmp_path


def written(folder, rows, name="t.csv"):
    (folder / name).write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
    return folder / name


def rows(header, path=lambda f: f"images/{f}", *more):
    return [header, *([path(f), f[:3], *(make(f) for make in more)] for f in FILES)]


def found(data):
    """Paths and labels, and whether every file is there."""
    there = all(data.source.stat(path).size for path in data.samples["path"])
    return dict(zip(data.samples["path"], data.samples["label"], strict=True)), there


EXPECTED = {f"images/{f}": f[:3] for f in FILES}


@pytest.mark.parametrize(
    "path", ["path", "Path", "file_name", "filename", "Image", "image_id", "img path", "x"]
)
@pytest.mark.parametrize("label", ["label", "LABEL", "class", "target", "Category"])
def test_columns_under_their_usual_names(folder, path, label):
    data = open_dataset(written(folder, rows([path, label])))
    assert found(data) == (EXPECTED, True)
    if label == "class":
        assert data.reading.labels_from == "column 'class'" and "'class'" in str(data)


def test_columns_and_root_can_be_named(folder):
    table = written(folder, rows(["where", "what", "note"], lambda f: f, lambda f: "n"))
    data = open_dataset(table, path="where", label="what", root=folder / "images")
    assert found(data) == ({f: f[:3] for f in FILES}, True)
    with pytest.raises(DataError, match="--path where"):
        open_dataset(table, path="were")
    with pytest.raises(DataError, match="--root"):
        open_dataset(table, root=folder / "nowhere")
    frame = pd.read_csv(table)
    assert found(auditor.open(frame, path="where", label="what", root=folder / "images"))[1]


def test_folders_take_no_root(folder):
    with pytest.raises(DataError, match="--root"):
        open_dataset(folder, root=folder)


@pytest.mark.parametrize(
    "how",
    [
        lambda f: f"images\\{f}", lambda f: f"C:\\Users\\me\\images\\{f}",
        lambda f: f"/home/me/data/images/{f}",
        lambda f: f"images/{f[:-4]}", lambda f: f"images\\{f[:-4]}", lambda f: f" images/{f} ",
        lambda f: f"IMAGES/{f.upper()}",
        lambda f: f"./images/{f}",
    ],
)  # fmt: skip
def test_paths_as_other_machines_write_them_are_found_and_said(folder, how):
    data = open_dataset(written(folder, rows(["path", "label"], how)))
    labels, there = found(data)
    assert there and sorted(labels.values()) == sorted(EXPECTED.values())
    assert set(labels) == {how(f) for f in FILES}, "the paths stay as the table gives them"
    assert how("x").startswith("./") or any("is read as" in note for note in data.reading.notes)


def test_another_unicode_form_is_the_same_name(tmp_path):
    on_disk, in_table = (unicodedata.normalize(form, "rosé.png") for form in ("NFD", "NFC"))
    (tmp_path / on_disk).write_bytes(png(8, 8))
    data = open_dataset(written(tmp_path, [["path", "label"], [in_table, "a"]]))
    assert found(data) == ({in_table: "a"}, True)


def test_two_files_that_fit_are_no_answer(folder):
    (folder / "images" / "cat00.png").write_bytes(png(8, 8))
    data = open_dataset(written(folder, rows(["path", "label"], lambda f: f"images/{f[:-4]}")))
    assert data.source.stat("images/cat01").size
    with pytest.raises(FileNotFoundError):
        data.source.stat("images/cat00")


def test_files_in_another_folder_are_refused_with_the_option_that_finds_them(folder):
    table = written(folder, rows(["path", "label"], lambda f: f))
    with pytest.raises(DataError, match=r"cat00\.jpg") as error:
        auditor.scan(table)
    assert f"--root {folder / 'images'}" in str(error.value)
    assert found(open_dataset(table, root=folder / "images"))[1]


def test_a_table_inside_the_folder_that_its_paths_begin_with(folder):
    table = written(folder / "images", rows(["path", "label"]))
    with pytest.raises(DataError, match="--root") as error:
        auditor.scan(table)
    assert f"--root {folder}" in str(error.value)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_without_a_header(folder, separator):
    (folder / "t.csv").write_text("".join(f"images/{f}{separator}{f[:3]}\n" for f in FILES))
    data = open_dataset(folder / "t.csv")
    assert found(data) == (EXPECTED, True)
    assert any("no header" in note for note in data.reading.notes)


@pytest.mark.parametrize("values", [("1", "0"), ("1.0", "0.0"), ("True", "False")])
def test_one_column_for_each_class(folder, values):
    hot = [
        ["path", "cat", "dog"],
        *([f"images/{f}", *(values[f[:3] != c] for c in ("cat", "dog"))] for f in FILES),
    ]
    data = open_dataset(written(folder, hot))
    assert found(data) == (EXPECTED, True)
    assert "one-hot" in data.reading.labels_from


def test_several_findings_a_picture_are_named_and_not_read(folder):
    hot = [["path", "a", "b", "c"], *([f"images/{f}", "1", "1", "0"] for f in FILES)]
    data = open_dataset(written(folder, hot))
    assert not data.labelled and "0 and 1 alone" in data.reading.label_clues[0].found


@pytest.mark.parametrize("name", ["breed", "befund", "what is it"])
def test_a_column_that_may_be_the_label_is_named_with_what_to_type(folder, name):
    data = open_dataset(written(folder, rows(["path", name])))
    clue = data.reading.label_clues[0]
    assert not data.labelled and name in clue.found and clue.type.startswith("--label ")


@pytest.mark.parametrize("name", ["Diagnose", "diagnosis", "dx", "Finding Labels"])
def test_columns_of_clinics_are_read_and_said(folder, name):
    data = open_dataset(written(folder, rows(["filename", name])))
    assert data.classes == ("cat", "dog") and name in data.reading.labels_from


def test_a_column_of_other_numbers_is_no_label(folder):
    table = rows(["path", "what", "target"], lambda f: f"images/{f}", lambda f: f"{hash(f) % 9999}.25")
    assert not open_dataset(written(folder, table)).labelled


def test_blanks_around_headers_and_cells(folder):
    (folder / "t.csv").write_text(
        "path , label, split ,group\n" + "".join(f"images/{f}, {f[:3]} , Train , P1 \n" for f in FILES)
    )
    data = open_dataset(folder / "t.csv")
    assert set(map(tuple, data.samples[["label", "split", "group"]].values)) == {
        ("cat", "train", "P1"),
        ("dog", "train", "P1"),
    }


def test_splits_and_groups_under_other_names(folder):
    table = rows(
        ["path", "label", "subset", "Patient ID"],
        lambda f: f"images/{f}",
        lambda f: "train_set",
        lambda f: "7",
    )
    data = open_dataset(written(folder, table))
    assert set(data.samples["split"]) == {"train"} and not set(data.samples["group"]) - {""}
    assert data.reading.splits_from == (("train", "column 'subset': train_set"),)
    assert any("--group 'Patient ID'" in note for note in data.reading.notes)


@pytest.mark.parametrize("name", ["-1", "=x", "'tis", "@home", "+2"])
def test_what_auditor_writes_it_reads_back(folder, name):
    from auditor.outputs import csv_bytes

    table = pd.DataFrame({"path": [f"images/{f}" for f in FILES], "label": [name, "other"] * 6})
    (folder / "t.csv").write_bytes(csv_bytes(table))
    assert set(open_dataset(folder / "t.csv").classes) == {name, "other"}


def test_a_split_that_auditor_wrote_is_a_table(folder):
    data = folder / "data"
    for k, label in enumerate(("cat", "dog")):
        (data / label).mkdir(parents=True)
        for i in range(10):
            (data / label / f"{i}.png").write_bytes(png(16, 16, 100 * k + i))
    auditor.split(data, output=folder / "out", ratios=(60, 20, 20))
    read = open_dataset(folder / "out" / "split.csv")
    assert found(read)[1] and read.classes == ("cat", "dog")
    assert set(read.samples["split"]) == {"train", "val", "test"}


def test_a_split_that_auditor_wrote_is_read_from_any_working_folder(folder, tmp_path_factory, monkeypatch):
    for k, label in enumerate(("cat", "dog")):
        (folder / "data" / label).mkdir(parents=True)
        for i in range(10):
            (folder / "data" / label / f"{i}.png").write_bytes(png(16, 16, 100 * k + i))
    monkeypatch.chdir(folder)
    auditor.split("data", output="out", ratios=(60, 20, 20))
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert found(open_dataset(folder / "out" / "split.csv"))[1]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_table_of_a_hospital(folder, separator):
    header = ["PatientID", "StudyDate", "ImageFile", "Finding", "Set"]
    body = [
        [f"{i // 3:03d}", "2020-01-02", f[:-4], f[:3], ("TRAIN", "TEST")[i % 2]] for i, f in enumerate(FILES)
    ]
    (folder / "t.csv").write_text("\n".join(separator.join(row) for row in [header, *body]))
    data = open_dataset(folder / "t.csv", root=folder / "images", label="Finding", group="PatientID")
    assert found(data) == ({f[:-4]: f[:3] for f in FILES}, True)
    assert set(data.samples["split"]) == {"train", "test"}
    assert set(data.samples["group"]) == {"000", "001", "002", "003"}


def test_the_paths_of_a_table_stay_as_they_are_given_in_what_is_written(folder):
    table = written(folder, rows(["id", "label"], lambda f: f"images\\{f[:-4]}"))
    given = {f"images\\{f[:-4]}" for f in FILES}
    plan = auditor.split(table, output=folder / "out", ratios=(60, 20, 20))
    assert set(plan.table["path"]) == given
    assert set(pd.read_csv(folder / "out" / "split.csv")["path"]) == given
    assert found(open_dataset(folder / "out" / "split.csv"))[1], "and auditor still finds the files"
    tree = auditor.export(plan, "copy", folder / "tree")
    assert len(list(tree.rglob("*.jpg"))) == len(plan.usable), "folders need the ending of each file"
