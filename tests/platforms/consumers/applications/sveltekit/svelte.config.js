const { default: adapter } = await import(process.env.ADAPTER ?? "@sveltejs/adapter-node");

export default { kit: { adapter: adapter() } };
