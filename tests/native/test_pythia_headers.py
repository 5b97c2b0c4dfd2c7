# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers come once, whole and of the right release, or the build says what is wrong."""

import hashlib
import io
import tarfile

import pytest

HEADER = "#define PYTHIA_VERSION 8.{0}\n#define PYTHIA_VERSION_INTEGER 8{0}\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Make source packages; the scripts download them from here."""
    import pythia_headers

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(pythia_headers, "_SOURCE_SHA256", {})
    downloads = []

    def make(release="399", extra=()):
        source = tmp_path / "source.tar.gz"
        include = f"pythia8mc-8.{release}.1/pythia8{release}/plugins/python/include"
        files = {
            f"{include}/Pythia8/Pythia.h": HEADER.format(release),
            f"{include}/Pythia8Plugins/HepMC3.h": "// converter\n",
            f"{include}/2.10.4/pybind11.h": "// not wanted\n",
            f"pythia8mc-8.{release}.1/setup.py": "raise SystemExit\n",
            **dict(extra),
        }
        with tarfile.open(source, "w:gz") as archive:
            for name, text in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))

        def download(version, folder):
            downloads.append(version)
            target = folder / f"pythia8mc-{version}.tar.gz"
            target.write_bytes(source.read_bytes())
            return target

        monkeypatch.setattr(pythia_headers, "_download", download)
        return source

    make.downloads = downloads
    return make


def headers(tmp_path):
    return sorted(
        str(path.relative_to(tmp_path / "cache/mcsurrogate"))
        for path in (tmp_path / "cache/mcsurrogate").rglob("*")
        if path.is_file()
    )


def test_only_headers_are_kept_and_downloaded_once(package, tmp_path):
    from pythia_headers import header_release, headers_of

    package(extra={"pythia8mc-8.399.1/x/plugins/python/include/Pythia8/../../evil.h": "//"})
    include = headers_of("8.399.1", 8399)
    assert header_release(include) == 8399
    assert headers_of("8.399.1", 8399) == include
    assert package.downloads == ["8.399.1"]
    assert headers(tmp_path) == [
        "pythia8mc-8.399.1/include/Pythia8/Pythia.h",
        "pythia8mc-8.399.1/include/Pythia8Plugins/HepMC3.h",
        "pythia8mc-8.399.1/manifest.json",
    ]


@pytest.mark.parametrize("damage", ["change", "remove", "add", "no manifest"])
def test_a_damaged_cache_is_replaced(damage, package):
    from pythia_headers import headers_of

    package()
    include = headers_of("8.399.1", 8399)
    converter = include / "Pythia8Plugins" / "HepMC3.h"
    match damage:
        case "change":
            converter.write_text("// converteR\n")
        case "remove":
            converter.unlink()
        case "add":
            (include / "Pythia8" / "New.h").write_text("")
        case "no manifest":
            (include.parent / "manifest.json").unlink()
    assert headers_of("8.399.1", 8399) == include
    assert converter.read_text() == "// converter\n"
    assert not (include / "Pythia8" / "New.h").exists()
    assert len(package.downloads) == 2


def test_headers_of_another_release_are_refused(package, tmp_path):
    from library_symbols import LibraryError
    from pythia_headers import headers_of

    package(release="398")
    with pytest.raises(LibraryError, match=r"headers of Pythia 8398.*library is 8399"):
        headers_of("8.398.1", 8399)
    assert headers(tmp_path) == []


def test_known_packages_are_checked_by_their_digest(package, monkeypatch, tmp_path):
    import pythia_headers
    from library_symbols import LibraryError

    source = package()
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    monkeypatch.setattr(pythia_headers, "_SOURCE_SHA256", {"8.399.1": "0" * 64})
    with pytest.raises(LibraryError, match=f"sha256 {digest} instead of 000"):
        pythia_headers.headers_of("8.399.1", 8399)
    assert headers(tmp_path) == []
    monkeypatch.setattr(pythia_headers, "_SOURCE_SHA256", {"8.399.1": digest})
    pythia_headers.headers_of("8.399.1", 8399)


def test_a_faster_build_wins_the_race(package, monkeypatch):
    import pythia_headers

    package()
    download = pythia_headers._download

    def overtaken(version, folder):
        monkeypatch.setattr(pythia_headers, "_download", download)
        pythia_headers.headers_of(version, 8399)  # another build, while this one downloads
        return download(version, folder)

    monkeypatch.setattr(pythia_headers, "_download", overtaken)
    include = pythia_headers.headers_of("8.399.1", 8399)
    assert pythia_headers.header_release(include) == 8399
    assert sorted(path.name for path in include.parents[1].iterdir()) == ["pythia8mc-8.399.1"]


def test_a_failed_download_says_what_to_do(tmp_path, monkeypatch):
    from library_symbols import LibraryError
    from pythia_headers import headers_of

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(LibraryError, match=r"pythia8mc==8\.399\.1 cannot be downloaded") as caught:
        headers_of("8.399.1", 8399)
    assert "PYTHIA8_CONFIG" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "mcsurrogate").iterdir()) == []


def test_an_unwritable_cache_names_the_variable(tmp_path, monkeypatch):
    from library_symbols import LibraryError
    from pythia_headers import headers_of

    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(LibraryError, match="XDG_CACHE_HOME"):
        headers_of("8.399.1", 8399)
