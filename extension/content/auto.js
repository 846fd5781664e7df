// The last script on sites that the user turned on: begin.

void naturalTrace.checks.settings().then(({ paused }) => {
  if (!paused) naturalTrace.finder.start();
});
