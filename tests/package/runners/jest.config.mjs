// Each project is a way in which applications use fake timers, or a host that Jest makes.

const project = (displayName, more) => ({
  displayName,
  rootDir: "jest",
  transform: {},
  moduleFileExtensions: ["mjs", "js"],
  testMatch: [`**/${displayName}.mjs`],
  ...more,
});

export default {
  projects: [
    project("timers"),
    project("timers-before-import", { fakeTimers: { enableGlobally: true } }),
    project("jsdom", { testEnvironment: "jsdom" }),
  ],
};
