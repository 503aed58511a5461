# Watchkeeper: `make demo` shows the simulated plant, `make test` checks everything.
# On Windows and macOS use pip (README).
VENV ?= .venv
PY := $(VENV)/bin/python
HMI := $(VENV)/bin/hmi
OUT ?= out
# Most tests wait for sockets and timers, so three of them share two processors well.
WORKERS ?= 3
# A file's tests stay together. A worker that crashes ends the run with the name of its test: xdist would wait
# for ever for the rest of that file otherwise.
SHARED := --dist loadfile --max-worker-restart=0

.PHONY: demo demo-shot test soak lint types architecture headless unit install bundle sbom lock format schemas screenshots golden clean

install: $(VENV)/.installed

$(VENV)/.installed: requirements.lock pyproject.toml .ci/setup
	@bash .ci/setup $(VENV)

demo: install
	@bash .ci/has-display && exec $(HMI) demo waterworks

demo-shot: install
	@mkdir -p $(OUT)
	@$(HMI) demo waterworks --shot $(OUT)/demo.png

test: lint types architecture unit headless

lint: install
	$(VENV)/bin/ruff check hmi simulators tests
	$(VENV)/bin/ruff format --check hmi simulators tests

types: install
	$(VENV)/bin/pyright

architecture: install
	$(VENV)/bin/lint-imports

unit: install
	QT_QPA_PLATFORM=offscreen QT_API=pyside6 $(PY) -m pytest tests -n $(WORKERS) $(SHARED) --durations=25 -m "not soak and not alone"
	QT_QPA_PLATFORM=offscreen QT_API=pyside6 $(PY) -m pytest tests -m "alone and not soak"

# Ten minutes of polling and the long property tests: too long for every run (docs/developers.md).
soak: install
	QT_QPA_PLATFORM=offscreen QT_API=pyside6 $(PY) -m pytest tests/soak tests/property -m soak --hypothesis-show-statistics

# Proofs that take minutes; short forms of them run with every test (docs/developers.md).
.PHONY: fuzz-writes chaos-commands chaos-history chaos-exports
fuzz-writes: install
	$(HMI) bench fuzz-writes

chaos-commands: install
	$(HMI) bench chaos-commands

chaos-history: install
	$(HMI) bench chaos-history

chaos-exports: install
	$(HMI) bench export-outage

# The runtime where Qt is not installed: a second environment without PySide6, pyqtgraph and qasync.
headless: $(VENV)-headless/.installed
	$(VENV)-headless/bin/python -m pytest tests -n $(WORKERS) $(SHARED) -m "not qt and not soak and not alone" --ignore=tests/ui --ignore=tests/integration --ignore=tests/chaos

$(VENV)-headless/.installed: requirements.lock pyproject.toml .ci/setup
	@bash .ci/setup $(VENV)-headless without-qt

# An offline bundle for a plant PC: wheels of everything the lock file names, and our own.
bundle: install
	@bash .ci/bundle $(VENV) $(OUT)/bundle

# The parts list alone: every package of the lock file with version, licence and hashes (CycloneDX 1.6).
sbom: install
	@mkdir -p $(OUT)
	@$(HMI) sbom -o $(OUT)/sbom.cdx.json

lock:
	$(VENV)/bin/python -m pip install -q uv
	$(VENV)/bin/uv pip compile --universal --generate-hashes --no-emit-index-url --all-extras --python-version 3.11 pyproject.toml -o requirements.lock

format: install
	$(VENV)/bin/ruff format hmi simulators tests
	$(VENV)/bin/ruff check --fix hmi simulators tests

schemas: install
	$(HMI) generate

# A picture of each display in both themes, 24 simulated minutes after a pump has tripped or lost its prime.
WATERWORKS := overview intake clarification filtration clearwell distribution utilities dosing_naocl
HIGH_LIFT := highlift highlift_logic
picture = $(HMI) demo waterworks --shot docs/images/$$display$$suffix.png --display $$display --theme $$theme --warm-up 24

# What opens over a display: picture, display, opening, and what happens to the plant before (several with +).
OPENED := areas,overview,areas find,overview,find:p501 why,clearwell,why:clearwell/at402.pv \
	points,overview,points:bad,link_lost-opc alarms,overview,alarms,pump_trip-p501a+doser_loss-p401+pump_trip-p101a+link_lost-opc figures,overview,figures,pump_trip-p501a \
	log,overview,log,pump_trip-p501a+pump_trip-p101a handover,overview,handover,pump_trip-p501a+link_lost-opc \
	faceplate-pump,intake,faceplate:intake/p101a faceplate-valve,distribution,faceplate:distribution/fcv511 \
	faceplate-analogue,clearwell,faceplate:clearwell/at402 faceplate-loop,intake,faceplate:intake/fic101 \
	faceplate-tank,clearwell,faceplate:clearwell/lt401 command,intake,ask:intake/p101c.oos=1 \
	people,overview,people exports,overview,exports comms,overview,comms,link_lost-opc holds,intake,held:intake/p101a \
	holds-points,intake,held:intake/p101a+points \
	past,intake,past:-3m+faceplate:intake/p101a,pump_trip-p101a

# Trends on the whole page: picture, what is shown, and what happens to the plant before.
TRENDS := trend,distribution/ft501.pv+distribution/pic501.pv+clearwell/lt401.pv+distribution/p501a.speed+distribution/p501a.running+distribution/p501b.running+distribution/p501c.running@-50min,pump_trip-p501a \
	trend-residual,clearwell/at402.pv+clearwell/fic401.pv+clearwell/at403.pv@-50min,doser_loss-p401

.PHONY: opened-screenshots trend-screenshots
trend-screenshots: install
	set -e; for theme in light dark; do suffix=$$(test $$theme = light || echo -dark); for entry in $(TRENDS); do \
		set -- $$(echo $$entry | tr , ' '); \
		$(HMI) demo waterworks --shot docs/images/$$1$$suffix.png --open trend:$$2 --theme $$theme --warm-up 45 --malfunction $$3; done; done

opened-screenshots: install
	set -e; for theme in light dark; do suffix=$$(test $$theme = light || echo -dark); for entry in $(OPENED); do \
		set -- $$(echo $$entry | tr , ' '); \
		$(HMI) demo waterworks --shot docs/images/$$1$$suffix.png --display $$2 $$(echo $$3 | tr + '\n' | sed 's/^/--open /') --theme $$theme \
			--warm-up 12 $$(echo $$4 | tr + '\n' | sed 's/^./--malfunction &/'); done; done

screenshots: install opened-screenshots trend-screenshots
	set -e; for theme in light dark; do suffix=$$(test $$theme = light || echo -dark); \
		for display in $(WATERWORKS); do $(picture) --malfunction doser_loss-p401; done; \
		for display in $(HIGH_LIFT); do $(picture) --malfunction pump_trip-p501a; done; done
	$(HMI) shot screens/waterworks filter docs/images/filter.png --parameter filter=filtration/f302
	$(HMI) shot screens/waterworks filter docs/images/filter-dark.png --parameter filter=filtration/f302 --theme dark
	$(HMI) demo waterworks --shot docs/images/link-lost.png --malfunction link_lost-opc --warm-up 1
	$(HMI) generate

# The sheets that pictures of symbols are compared with. Look at them before you commit them.
golden: install
	WATCHKEEPER_WRITE_GOLDEN=1 QT_QPA_PLATFORM=offscreen QT_API=pyside6 $(PY) -m pytest -q tests/ui -k look_as

clean:
	rm -rf $(VENV) $(VENV)-headless $(OUT) build
